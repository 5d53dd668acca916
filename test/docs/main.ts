/** Writes the pages that are made from sources: `npm run docs`. A test fails when they are not as this would write them. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sdkOptionsPage } from './sdk-options-page.ts';

const page = join(resolve(import.meta.dirname, '../..'), 'docs/configuration-sdk.md');
writeFileSync(page, sdkOptionsPage());
console.log(page);
