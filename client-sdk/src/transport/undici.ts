/**
 * undici as this package uses it: loaded after the built-in fetch, so that loading us leaves the process's dispatcher as it was.
 * Nothing else here imports undici's values.
 */
// For its effect, and first: see there.
import './built-in-fetch.ts';
import { Agent, Client, Dispatcher, errors, Pool, util } from 'undici';

export { Agent, Client, Dispatcher, errors, Pool, util };
