/**
 * The logging port actors are given. The server puts pino behind it, one child per actor; tests put a list or nothing.
 * Usable from the thread it was made for. Nothing logs per record on the hot path.
 */
export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
