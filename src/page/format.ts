// Numbers as people read them: short, with units, of the same width wherever they change every second.
// Pure; in the browser, for all views.
// A dash stands for what is not known.

export const UNKNOWN = '–';
const THOUSANDS = ['', ' k', ' M', ' G', ' T'];
const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 1234567 as 1.23 M. */
export function count(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  if (Math.abs(value) < 10_000 && Number.isInteger(value)) return value.toLocaleString('en-US');
  return scaled(value, 1000, THOUSANDS, '');
}

export function rate(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? UNKNOWN : `${count(round(value))}/s`;
}

export function bytes(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? UNKNOWN : scaled(value, 1024, BYTES, ' ');
}

export function milliseconds(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  if (value >= 1000) return `${digits(value / 1000)} s`;
  if (value > 0 && value < 1) return `${digits(value * 1000)} µs`;
  return `${digits(value)} ms`;
}

export function microseconds(value: number | undefined): string {
  return value === undefined ? UNKNOWN : milliseconds(value / 1000);
}

export function percent(fraction: number | undefined): string {
  return fraction === undefined || !Number.isFinite(fraction) ? UNKNOWN : `${digits(fraction * 100)} %`;
}

export function duration(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return UNKNOWN;
  const seconds = Math.floor(ms / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

export function instant(ms: number): string {
  return ms > 0 ? `${new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC')}` : UNKNOWN;
}

function scaled(value: number, base: number, units: readonly string[], separator: string): string {
  let [amount, unit] = [value, 0];
  while (Math.abs(amount) >= base && unit < units.length - 1) {
    amount /= base;
    unit++;
  }
  return `${unit === 0 ? round(amount) : digits(amount)}${separator}${units[unit]}`;
}

/** Three digits, and no zeros behind the point. */
function digits(value: number): string {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)));
}

function round(value: number): number {
  return Math.abs(value) >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
}
