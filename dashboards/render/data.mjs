// From a panel's queries to frames: variables filled in, Prometheus asked, overrides applied.
//
// What Grafana's own data source does with answers, as far as our dashboards need it: one frame
// for each series over time, one table for a query in table format.

import {
  FieldType,
  applyFieldOverrides,
  cacheFieldDisplayNames,
  createTheme,
  dateTime,
  identityOverrideProcessor,
  standardFieldConfigEditorRegistry,
  toDataFrame,
} from '@grafana/data';
import { FieldConfigOptionsRegistry } from '@grafana/data';

export const theme = createTheme({ colors: { mode: 'dark' } });

/** Of a scrape, in seconds. Grafana takes it from the data source's settings. */
const SCRAPE = 1;

/** Properties of fields: the standard ones, and those that belong to kinds of panels. */
const STANDARD = [
  'unit',
  'min',
  'max',
  'decimals',
  'displayName',
  'noValue',
  'links',
  'color',
  'thresholds',
  'mappings',
];
const CUSTOM = [
  'drawStyle',
  'lineWidth',
  'fillOpacity',
  'showPoints',
  'stacking',
  'lineStyle',
  'axisPlacement',
  'width',
  'hidden',
  'hideFrom',
  'cellOptions',
  'align',
  'rowHeight',
  'lineInterpolation',
];

const property = (id, path, isCustom) => ({
  id,
  path,
  name: id,
  isCustom,
  editor: () => null,
  override: () => null,
  process: identityOverrideProcessor,
  shouldApply: () => true,
  settings: {},
});

const standard = STANDARD.map((id) => property(id, id, false));
standardFieldConfigEditorRegistry.setInit(() => standard);
const registry = new FieldConfigOptionsRegistry();
for (const one of standard) registry.register(one);
for (const id of CUSTOM) registry.register(property(`custom.${id}`, id, true));

const duration = (seconds) => `${Math.max(1, Math.round(seconds))}s`;

const seconds = (text) => {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text);
  return Number(count) * { s: 1, m: 60, h: 3600 }[unit];
};

/** What stands for each variable of a panel. */
export const variablesOf = (panel, range, connectors) => {
  const least = panel.interval ? seconds(panel.interval) : SCRAPE;
  const step = Math.max(least, (range.to - range.from) / 400);
  return {
    step,
    values: [
      ['$__rate_interval', duration(Math.max(step + SCRAPE, 4 * SCRAPE))],
      ['$__interval', duration(step)],
      ['$__range', duration(range.to - range.from)],
      ['$connector', connectors],
      ['$instance', '.+'],
      ['$site', '.*'],
      ['$job', '.+'],
    ],
  };
};

export const filled = (text, values) =>
  values.reduce((text, [name, value]) => text.replaceAll(name, value), text);

export const ask = async (what, parameters) => {
  const answer = await fetch(`/api/v1/${what}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== 'success') throw new Error(body.error);
  return body.data;
};

const nameOf = (labels, legend) =>
  legend
    ? legend.replace(/{{(\w+)}}/g, (_, label) => labels[label] ?? '')
    : Object.values(labels).join(' ');

/** Series over time, a frame each. */
const framesOf = (result, target, range, step) =>
  result.map(({ metric, values, value }) => {
    const points = new Map(
      (values ?? [value]).map(([time, number]) => [Math.round(time), Number(number)]),
    );
    const times = [];
    const numbers = [];
    if (values) {
      // A gap is a gap: absent steps are null, as Grafana's data source makes them.
      const begin = Math.round(values[0][0]);
      for (let time = begin; time <= range.to; time += Math.round(step)) {
        times.push(time * 1000);
        numbers.push(points.get(time) ?? null);
      }
    } else {
      times.push(value[0] * 1000);
      numbers.push(Number(value[1]));
    }
    const displayNameFromDS = nameOf(metric, target.legendFormat);
    return toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: times, config: {} },
        {
          name: 'Value',
          type: FieldType.number,
          values: numbers,
          labels: metric,
          config: { displayNameFromDS },
        },
      ],
    });
  });

/** A table of the series of now: labels are columns. */
const tableOf = (result, target) => {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: result.map(({ metric }) => metric[label] ?? ''),
        config: {},
      })),
      {
        name: 'Value',
        type: FieldType.number,
        values: result.map(({ value }) => Number(value[1])),
        config: {},
      },
    ],
  });
};

/** The two transformations that our tables have. */
const transformed = (frame, transformations = []) => {
  let fields = frame.fields;
  for (const { id, options } of transformations) {
    if (id === 'filterFieldsByName') {
      fields = fields.filter((field) => options.include.names.includes(field.name));
    } else if (id === 'organize') {
      fields = [...fields].sort(
        (a, b) => options.indexByName[a.name] - options.indexByName[b.name],
      );
    } else {
      throw new Error(`no transformation ${id} here`);
    }
  }
  return { ...frame, fields };
};

/** All of a panel's data, as its visualisation takes it. */
export const dataOf = async (panel, range, connectors) => {
  const { step, values } = variablesOf(panel, range, connectors);
  let frames = [];
  for (const target of panel.targets ?? []) {
    const query = filled(target.expr, values);
    if (target.instant) {
      const { result } = await ask('query', { query, time: range.to });
      frames.push(
        ...(target.format === 'table'
          ? [transformed(tableOf(result, target), panel.transformations)]
          : framesOf(result, target, range, step)),
      );
    } else {
      const rounded = Math.round(step);
      const parameters = { query, start: range.from, end: range.to, step: rounded };
      const { result } = await ask('query_range', parameters);
      frames.push(...framesOf(result, target, range, rounded));
    }
  }
  const drawn = applyFieldOverrides({
    data: frames,
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(drawn);
  return drawn;
};

export const timeRange = (range) => {
  const [from, to] = [dateTime(range.from * 1000), dateTime(range.to * 1000)];
  return { from, to, raw: { from, to } };
};
