// The page's address as anybody may write it.

import { expect, test } from 'vitest';
import { placeOf } from '../../../src/page/address.js';

test('an address is a view and a place in it, with escapes undone where they are right', () => {
  expect(placeOf('#tree/a%20b/%25')).toEqual({ name: 'tree', place: '/a b/%' });
  expect(placeOf('')).toEqual({ name: '', place: '' });
  expect(placeOf('#tree/100%')).toEqual({ name: 'tree', place: '/100%' });
});
