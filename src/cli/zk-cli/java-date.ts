// Times as Java's Date prints them, in the local zone: "Sun Nov 22 02:37:38 UTC 2026". Zone names are Java's short ones
// where the platform or the table below knows them, else "GMT+03:30". For people and for scripts that cut the line at
// blanks; nothing here may be used to read a date back.

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** English names differ by region: each of these locales knows the short names of its own zones. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-NZ', 'en-ZA', 'en-IN'];

/** Zones without a name in any of them. */
const ZONES: Readonly<Record<string, string>> = {
  'Asia/Tokyo': 'JST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Taipei': 'CST',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Singapore': 'SGT',
  'Asia/Kolkata': 'IST',
  'Asia/Calcutta': 'IST',
  'Asia/Jakarta': 'WIB',
  'Asia/Manila': 'PST',
  'Europe/Moscow': 'MSK',
  'America/Sao_Paulo': 'BRT',
};

export function javaDate(ms: number): string {
  const date = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${two(date.getDate())}`;
  return `${day} ${time} ${zoneName(date)} ${date.getFullYear()}`;
}

function zoneName(date: Date): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const known = ZONES[timeZone];
  if (known !== undefined) return known;
  for (const locale of LOCALES) {
    const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }).formatToParts(date);
    const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{2,5}$/.test(name)) return name;
  }
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `GMT${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
