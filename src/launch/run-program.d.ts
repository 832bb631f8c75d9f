/** `directory`: the bundle's, with `<name>.program.js`. */
export declare function runProgram(directory: string, name: string): void;
