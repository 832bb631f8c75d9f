/**
 * One of ours leads; Apache's servers follow and observe.
 */
import { provingAgainstApache } from '../../testing/server-under-test.js';
import { testMixedEnsemble } from './mixed-ensemble.js';

testMixedEnsemble(provingAgainstApache ? 'apache' : 'threadkeeper', 'apache');
