// Tables that can be sorted, with the order in the address.
import type { ComponentChildren } from "preact";
import { order } from "./route";
import { choose, filter } from "./store";

export interface Column<T> {
  name: string; // in the address
  title: string;
  by?: (row: T) => string | number; // what it is sorted by; a column without it is not
  cell: (row: T) => ComponentChildren;
  number?: boolean;
}

interface Props<T> {
  caption: string;
  rows: T[];
  columns: Column<T>[];
  id: (row: T) => string;
  sort: string; // where the address says nothing: a column, or -column
  param?: string; // of the address
}

export function Table<T>({ caption, rows, columns, id, sort, param = "sort" }: Props<T>) {
  const { column, down } = order(filter(param), sort);
  const by = columns.find((c) => c.name === column)?.by;
  const sorted = by ? [...rows].sort((a, b) => compare(by(a), by(b)) * (down ? -1 : 1)) : rows;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <Head key={c.name} column={c} sorted={c.name === column && !!by} down={down} param={param} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={id(row)}>
              {columns.map((c) => (
                <td key={c.name} class={c.number ? "number" : undefined}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head<T>({ column: c, sorted, down, param }: { column: Column<T>; sorted: boolean; down: boolean; param: string }) {
  const side = c.number ? "number" : undefined;
  if (!c.by)
    return (
      <th scope="col" class={side}>
        {c.title}
      </th>
    );
  return (
    <th scope="col" class={side} aria-sort={sorted ? (down ? "descending" : "ascending") : undefined}>
      <button type="button" class="sort" onClick={() => choose({ [param]: sorted && !down ? `-${c.name}` : c.name })}>
        {c.title}
      </button>
    </th>
  );
}

const compare = (a: string | number, b: string | number): number =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
