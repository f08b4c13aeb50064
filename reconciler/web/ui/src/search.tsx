// The field that narrows down what a view lists. The key / leads to it.
import { choose, filter } from "./store";

export function Search({ label, param = "q" }: { label: string; param?: string }) {
  return (
    <input
      type="search"
      data-search
      placeholder={`${label}  /`}
      aria-label={label}
      value={filter(param)}
      maxLength={200}
      spellcheck={false}
      autocomplete="off"
      onInput={(e) => choose({ [param]: e.currentTarget.value })}
    />
  );
}
