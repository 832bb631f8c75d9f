/**
 * An Apache server leads; ours follow and observe.
 */
import { provingAgainstApache } from '../../testing/server-under-test.js';
import { testMixedEnsemble } from './mixed-ensemble.js';

testMixedEnsemble('apache', provingAgainstApache ? 'apache' : 'threadkeeper');
