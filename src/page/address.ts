// What stands behind the # of the page's address: `#tree/a/b` is the view called tree, opened at /a/b. Pure; in the browser, once per change
// of the address.
// Anybody may write such an address, so one that makes no sense is taken as it stands and breaks nothing.

export function placeOf(hash: string): { readonly name: string; readonly place: string } {
  const [, name = '', place = ''] = /^#([a-z]+)(.*)$/.exec(hash) ?? [];
  return { name, place: decoded(place) };
}

function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
