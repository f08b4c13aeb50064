// What elements in the sources become: esbuild puts these names into every file.
export { Fragment, h } from "preact";
