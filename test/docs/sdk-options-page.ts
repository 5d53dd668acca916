/** The page of the SDK's options, made from its sources and from the sentences beside them: pure but for reading the sources. */
import { DEFAULT_REGISTRY_URL } from '../../client-sdk/src/discovery-options.ts';
import { OPTION_TEXTS, type OptionText } from './sdk-option-texts.ts';
import { type GroupName, type OptionGroup, type SdkOption, sdkOptions } from './sdk-options.ts';

const HEADINGS: Readonly<Record<GroupName, readonly [heading: string, lead: string]>> = {
  DiscoveryOptions: ['`createDiscovery`', 'Every option is optional: without any, discovery works.'],
  RegistryOptions: ['`registry`', 'When a URL is not enough.'],
  ServiceOptions: [
    '`defaults` and `services`',
    'How a service is called: `defaults` for all, `services.<name>` for one.',
  ],
  RetryOptions: ['`retry`', 'Of a service, or of one call by `discovery.request`.'],
  BreakerOptions: ['`breaker`', 'When an instance is left out for a while.'],
  RegistrationOptions: ['`register` and `registerServer`', 'What is announced, and how it leaves.'],
};

export const PAGE_HEAD = `# Options of the SDK

Made by \`npm run docs\` from the SDK's sources; do not edit. Times are in ms, shares from 0 to 1. Options that cannot be used are all reported at once, in
an \`OptionsError\` that says of each what it got and what it accepts. "Elsewhere" is what Spring Cloud, Ribbon or eureka-js-client (\`js:\`) call it.
`;

/** @throws naming options without a sentence, and sentences without an option */
export function sdkOptionsPage(groups: readonly OptionGroup[] = sdkOptions()): string {
  const problems = groups.flatMap(({ type, options }) => differences(type as GroupName, options));
  if (problems.length > 0) throw new Error(`test/docs/sdk-option-texts.ts: ${problems.join('; ')}`);
  return `${[PAGE_HEAD, ...groups.map((group) => section(group))].join('\n')}`;
}

function differences(type: GroupName, options: readonly SdkOption[]): string[] {
  const texts = OPTION_TEXTS[type];
  const names = new Set(options.map(({ name }) => name));
  return [
    ...[...names].filter((name) => texts[name] === undefined).map((name) => `${type}.${name} has no sentence`),
    ...Object.keys(texts)
      .filter((name) => !names.has(name))
      .map((name) => `${type}.${name} is no option`),
  ];
}

function section({ type, options, defaults }: OptionGroup): string {
  const [heading, lead] = HEADINGS[type as GroupName];
  const rows = options.map((option) => row(option, OPTION_TEXTS[type as GroupName][option.name]!, defaults));
  return [
    `## ${heading}`,
    '',
    lead,
    '',
    '| option | what it does | type | default | why | elsewhere |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row(option: SdkOption, text: OptionText, defaults: OptionGroup['defaults']): string {
  const given = text.default === undefined ? undefined : filled(text.default, defaults);
  const fallback = given ?? (option.default === undefined ? 'required' : code(option.default));
  const elsewhere = (text.elsewhere ?? []).map(code).join(', ');
  return `| ${[code(option.name), text.says, code(option.type), fallback, option.why ?? '', elsewhere].map(cell).join(' | ')} |`;
}

/** @throws when a name in braces is in no table */
function filled(text: string, defaults: OptionGroup['defaults']): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = name === 'DEFAULT_REGISTRY_URL' ? DEFAULT_REGISTRY_URL : defaults.get(name);
    if (value === undefined) throw new Error(`no table of defaults has ${name}`);
    return value;
  });
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell, also inside code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
