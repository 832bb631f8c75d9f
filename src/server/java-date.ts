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

const TIME_MS_MAX = 8.64e15;

export function javaDate(ms: number): string {
  return new JavaDates().long(ms);
}

/** For many times in a row: names of zones are looked up once per offset, since that takes longer than all else. */
export class JavaDates {
  private readonly zoneNames = new Map<number, string>();

  /** Date.toString(): "Sun Nov 22 02:37:38 UTC 2026" */
  long(ms: number): string {
    if (!isDate(ms)) return beyondDates(ms);
    const date = new Date(ms);
    const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    const day = `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${two(date.getDate())}`;
    return `${day} ${time} ${this.zoneName(date)} ${date.getFullYear()}`;
  }

  /** DateFormat with a short date and a long time in the locale en_US: "11/22/26, 3:18:15 AM UTC" */
  short(ms: number): string {
    return `${this.shortWithoutZone(ms)}${isDate(ms) ? ` ${this.zoneName(new Date(ms))}` : ''}`;
  }

  /** The same without a zone, as DateFormat.getDateTimeInstance has it by default: "Nov 22, 2026, 3:18:15 AM" */
  medium(ms: number): string {
    if (!isDate(ms)) return beyondDates(ms);
    const date = new Date(ms);
    return `${MONTHS[date.getMonth()]} ${date.getDate()}, ${date.getFullYear()}, ${clock(date)}`;
  }

  private shortWithoutZone(ms: number): string {
    if (!isDate(ms)) return beyondDates(ms);
    const date = new Date(ms);
    const year = two(Math.abs(date.getFullYear()) % 100);
    return `${date.getMonth() + 1}/${date.getDate()}/${year}, ${clock(date)}`;
  }

  private zoneName(date: Date): string {
    const offset = date.getTimezoneOffset();
    let name = this.zoneNames.get(offset);
    if (name === undefined) {
      name = zoneName(date);
      this.zoneNames.set(offset, name);
    }
    return name;
  }
}

function isDate(ms: number): boolean {
  return Math.abs(ms) <= TIME_MS_MAX;
}

/** Damaged bytes may claim any time; Java would print a date in the year 292 000 000. */
function beyondDates(ms: number): string {
  return `${ms} ms`;
}

function clock(date: Date): string {
  const hour = date.getHours() % 12 === 0 ? 12 : date.getHours() % 12;
  const half = date.getHours() < 12 ? 'AM' : 'PM';
  return `${hour}:${two(date.getMinutes())}:${two(date.getSeconds())} ${half}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
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
  return `GMT${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
