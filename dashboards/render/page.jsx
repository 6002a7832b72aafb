// Draws one dashboard with Grafana's own components, and says when it has.
//
// Numbers, graphs, rankings and tables are @grafana/ui's. The state timeline is not among what
// it exports: ours stands in, with Grafana's colours and words. Around the panels there is no
// Grafana: no switches of variables, no links, no loading over time.

import React from 'react';
import { createRoot } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';
import {
  BarGauge,
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  GlobalStyles,
  PanelChrome,
  PanelContextProvider,
  TimeSeries,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import {
  ThemeContext,
  VizOrientation,
  formattedValueToString,
  getFieldDisplayName,
} from '@grafana/data';

import { ask, dataOf, filled, theme, timeRange, variablesOf } from './data.mjs';

const UNIT = 30;
const GAP = 8;
const WIDTH = 1600;
const COLUMN = (WIDTH - GAP) / 24;

const last = (field) => field.values.filter((value) => value !== null).at(-1);

const namesOf = (frames) =>
  frames.map((frame) => getFieldDisplayName(frame.fields.at(-1), frame, frames));

const displayed = (frames) =>
  frames.map((frame, index) => {
    const field = frame.fields.at(-1);
    return { ...field.display(last(field)), title: namesOf(frames)[index], field };
  });

const Numbers = ({ panel, frames, width, height }) => {
  const shown = displayed(frames);
  if (shown.length === 0) return <Nothing panel={panel} />;
  const each = height / shown.length;
  return shown.map((value, index) => (
    <BigValue
      key={index}
      value={{
        ...value,
        title: shown.length > 1 || panel.options.textMode === 'value_and_name' ? value.title : '',
      }}
      width={width}
      height={each}
      theme={theme}
      colorMode={BigValueColorMode.Background}
      graphMode={BigValueGraphMode.None}
      justifyMode={BigValueJustifyMode.Auto}
      textMode={panel.options.textMode ?? BigValueTextMode.Auto}
      // Grafana's own font is narrower than what stands in for it here: words would be cut.
      text={/[a-z]{5}/.test(value.text) ? { valueSize: 40 } : undefined}
    />
  ));
};

const Ranking = ({ frames, width, height }) =>
  displayed(frames)
    .sort((a, b) => b.numeric - a.numeric)
    .map((value, index, all) => (
      <BarGauge
        key={index}
        value={value}
        field={value.field.config}
        display={value.field.display}
        text={{}}
        width={width}
        height={Math.min(56, height / all.length)}
        theme={theme}
        orientation={VizOrientation.Horizontal}
        displayMode="basic"
        namePlacement="top"
      />
    ));

const Nothing = ({ panel }) => (
  <div style={{ color: theme.colors.text.secondary, textAlign: 'center', paddingTop: 24 }}>
    {panel.fieldConfig.defaults.noValue ?? 'No data'}
  </div>
);

const Rows = ({ panel, frames, width, height }) => {
  if (frames[0].length === 0 || frames[0].fields.at(-1).values.length === 0)
    return <Nothing panel={panel} />;
  return (
    <TableNG
      data={frames[0]}
      width={width}
      height={height}
      cellHeight="sm"
      initialSortBy={panel.options.sortBy}
      fieldConfig={panel.fieldConfig}
      enableVirtualization={false}
    />
  );
};

/** Runs of equal values, with where they begin and end between 0 and 1. */
const runsOf = (field, times, range) => {
  const at = (index) => (times[index] / 1000 - range.from) / (range.to - range.from);
  const runs = [];
  field.values.forEach((value, index) => {
    if (value === null) return;
    const end = at(Math.min(index + 1, times.length - 1));
    const before = runs.at(-1);
    if (before && before.value === value && before.index === index - 1) {
      Object.assign(before, { end, index });
    } else {
      runs.push({ value, begin: at(index), end, index });
    }
  });
  return runs;
};

const Timeline = ({ frames, width, height, range }) => {
  const names = namesOf(frames);
  const room = Math.min(330, width / 1.8);
  const each = Math.min(34, (height - 8) / frames.length);
  return frames.map((frame, row) => {
    const field = frame.fields.at(-1);
    return (
      <div key={row} style={{ display: 'flex', height: each, fontSize: 12, alignItems: 'center' }}>
        <div
          style={{
            width: room,
            paddingRight: 8,
            textAlign: 'right',
            overflow: 'hidden',
            textOverflow: 'ellipsis',
            whiteSpace: 'nowrap',
          }}
        >
          {names[row]}
        </div>
        <div style={{ position: 'relative', width: width - room, height: each * 0.85 }}>
          {runsOf(field, frame.fields[0].values, range).map((run) => {
            const value = field.display(run.value);
            const span = (run.end - run.begin) * (width - room);
            return (
              <div
                key={run.begin}
                style={{
                  position: 'absolute',
                  left: `${100 * run.begin}%`,
                  width: span,
                  height: '100%',
                  background: value.color,
                  opacity: 0.85,
                  color: '#111',
                  overflow: 'hidden',
                  paddingLeft: 3,
                }}
              >
                {span > 50 ? formattedValueToString(value) : ''}
              </div>
            );
          })}
        </div>
      </div>
    );
  });
};

const Graph = ({ panel, frames, width, height, range }) =>
  frames.length === 0 ? (
    <Nothing panel={panel} />
  ) : (
    <TimeSeries
      frames={frames}
      structureRev={1}
      width={width}
      height={height}
      timeRange={timeRange(range)}
      timeZone="utc"
      legend={panel.options.legend}
      options={panel.options}
    />
  );

const KINDS = {
  stat: Numbers,
  bargauge: Ranking,
  table: Rows,
  'state-timeline': Timeline,
  timeseries: Graph,
};

const Panel = ({ panel, range, connectors, done }) => {
  const [frames, setFrames] = React.useState();
  React.useEffect(() => {
    dataOf(panel, range, connectors).then(
      (frames) => {
        setFrames(frames);
        done(`${panel.title}: ${frames.length}`);
      },
      (error) => done(`${panel.title}: FAILED ${error.message}`),
    );
  }, []);
  const { x, y, w, h } = panel.gridPos;
  const size = { width: w * COLUMN - GAP, height: h * (UNIT + GAP) - GAP };
  const place = { position: 'absolute', left: GAP + x * COLUMN, top: y * (UNIT + GAP), ...size };
  if (panel.type === 'row') {
    return (
      <div style={{ ...place, color: theme.colors.text.primary, paddingTop: 6, fontWeight: 500 }}>
        {panel.title}
      </div>
    );
  }
  const Kind = KINDS[panel.type];
  return (
    <div id={`panel-${panel.id}`} style={place}>
      <PanelChrome title={panel.title} description={panel.description} {...size}>
        {(width, height) =>
          frames && (
            <Boundary title={panel.title}>
              <Kind panel={panel} frames={frames} width={width} height={height} range={range} />
            </Boundary>
          )
        }
      </PanelChrome>
    </div>
  );
};

/** A panel that cannot be drawn is told of, and the others are drawn. */
class Boundary extends React.Component {
  state = {};

  static getDerivedStateFromError(error) {
    return { error };
  }

  componentDidCatch(error) {
    fetch('/told', {
      method: 'POST',
      body: `FAILED to draw ${this.props.title}: ${error.message}`,
    });
  }

  render() {
    return this.state.error ? <div>{String(this.state.error)}</div> : this.props.children;
  }
}

/** Nobody hovers over a picture. */
const none = { subscribe: () => ({ unsubscribe() {} }), pipe: () => none };
const silent = { ...none, publish() {}, getStream: () => none };

const connectorsOf = async (dashboard, range) => {
  const variable = dashboard.templating.list.find(({ name }) => name === 'connector');
  if (!variable || variable.allValue) return variable?.allValue ?? '';
  const [, selector] = /^label_values\((.+), connector\)$/.exec(variable.query);
  const names = await ask('label/connector/values', {
    'match[]': filled(selector, variablesOf({}, range, '').values),
  });
  return `(${names.join('|')})`;
};

/** How often a graph that is not drawn is looked at again, a second between two looks. */
const LOOKS = 60;

const hasInk = (canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
};

/** Graphs that have data and drew nothing: on a busy machine one is drawn late, or never. */
const emptyGraphs = async (panels, told) => {
  const graphs = panels.filter(
    ({ type, title }) => type === 'timeseries' && !told.includes(`${title}: 0`),
  );
  let empty = graphs;
  for (let look = 0; look < LOOKS && empty.length > 0; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    empty = empty.filter(({ id }) => {
      const canvas = document.querySelector(`#panel-${id} canvas`);
      return !canvas || canvas.width === 0 || !hasInk(canvas);
    });
  }
  return empty.map(({ title }) => `${title}: FAILED, has data and drew nothing`);
};

const draw = async () => {
  const parameters = new URLSearchParams(location.search);
  const dashboard = await (await fetch(`/dashboards/${parameters.get('name')}.json`)).json();
  const { result } = await ask('query', { query: 'vector(time())' });
  const to = Math.floor(Number(result[0].value[1]));
  const range = { from: to - Number(parameters.get('seconds')), to };
  const connectors = await connectorsOf(dashboard, range);
  const panels = dashboard.panels;
  const told = [];
  const done = async (line) => {
    told.push(line);
    if (told.length === panels.filter(({ type }) => type !== 'row').length) {
      told.push(...(await emptyGraphs(panels, told)));
      fetch('/told', { method: 'POST', body: `${parameters.get('name')}\n  ${told.join('\n  ')}` });
    }
  };
  createRoot(document.getElementById('root')).render(
    <MemoryRouter>
      <ThemeContext.Provider value={theme}>
        <PanelContextProvider value={{ eventBus: silent, eventsScope: 'none' }}>
          <GlobalStyles />
          {panels.map((panel) => (
            <Panel key={panel.id} panel={panel} range={range} connectors={connectors} done={done} />
          ))}
        </PanelContextProvider>
      </ThemeContext.Provider>
    </MemoryRouter>,
  );
};

draw().catch((error) => fetch('/told', { method: 'POST', body: `FAILED ${error.stack}` }));
