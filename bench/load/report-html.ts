/** The report as one HTML page with inline SVG: no scripts, no outside assets. Pure. */
import { type Axis, type Bar, bars, type Curve, curves, decades, escapeHtml } from './charts.ts';
import type { Environment } from './environment.ts';
import { FIGURES, type FigureName, shown } from './figures.ts';
import { median, type ScenarioResult, spread } from './outcome.ts';
import { environmentLine, legend, ratioToBaseline, SHOWN_FIGURES, scenarioTable } from './report.ts';
import { contender } from './roster.ts';
import type { Scenario } from './scenario.ts';
import { GROWTH_CLIENTS, growthScenario } from './scenarios.ts';
import type { Verdict } from './targets.ts';

const COLOURS: Record<string, string> = {
  'broadside-1': '#1d6fb8',
  'broadside-2': '#3f94db',
  'broadside-4': '#86bdec',
  'socketio-ws': '#8a8f98',
  'socketio-uws': '#b07d2b',
  'socketio-2': '#b9bdc4',
  'uws-publish': '#3d8b5f',
  'ws-loop': '#9a6fb0',
  'raw-writes': '#c2584a',
};

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2229; background: #fff; max-width: 1080px; margin: 32px auto; padding: 0 20px }
h1 { font-size: 26px; margin: 0 0 4px } h2 { font-size: 19px; margin: 36px 0 8px } h3 { font-size: 15px; margin: 22px 0 6px }
p.environment { color: #5b646f; margin: 0 0 20px } figure { margin: 0 0 20px } figcaption { font-weight: 600; margin-bottom: 4px }
svg { max-width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: #333b44 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid #e3e6ea; vertical-align: top }
td.yes { color: #23753f; font-weight: 600 } td.no { color: #a8321f; font-weight: 600 }
pre { background: #f6f7f9; padding: 12px; overflow-x: auto; font-size: 12px; line-height: 1.45 }
`;

export function reportHtml(env: Environment, results: readonly ScenarioResult[], verdicts: readonly Verdict[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Broadside bench</title><style>${STYLE}</style></head><body>
<h1>Broadside bench</h1>
<p class="environment">${escapeHtml(env.date)} · ${escapeHtml(environmentLine(env))}</p>
<h2>Targets</h2>${verdictRows(verdicts)}
<h2>Side by side</h2>${results.filter(isRate).map(rateBars).join('\n')}
${growthSection(results)}
${latencySection(results)}
<h2>All figures</h2>${results.map((result) => `<pre>${escapeHtml(scenarioTable(result))}</pre>`).join('\n')}
<p>${escapeHtml(legend())}</p>
</body></html>
`;
}

function verdictRows(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ work, wanted, measured, reached }) => {
    const verdict = reached ? 'yes' : 'no';
    const cells = [work, wanted, measured].map((cell) => `<td>${escapeHtml(cell)}</td>`).join('');
    return `<tr>${cells}<td class="${verdict}">${verdict}</td></tr>`;
  });
  return `<table><tr><th>work</th><th>wanted</th><th>measured</th><th>reached</th></tr>${rows.join('\n')}</table>`;
}

function isRate({ scenario }: ScenarioResult): boolean {
  return !scenario.name.startsWith('growth-') && !(scenario.kind === 'deliver' && scenario.drive.kind === 'pace');
}

function rateBars({ scenario, outcomes }: ScenarioResult): string {
  const figure = SHOWN_FIGURES[scenario.kind][0];
  const items = outcomes.flatMap((outcome): Bar[] => {
    const value = spread(outcome, figure)?.median;
    if (value === undefined) return [];
    const ratio = ratioToBaseline(outcome, figure, outcomes);
    const note = `${ratio === undefined ? '' : `${ratio.toFixed(1)} x  `}${shown(figure, value)}`;
    return [{ label: outcome.contender.title, value, note, colour: colour(outcome.contender.name) }];
  });
  return chart(scenario, FIGURES[figure].heading, items);
}

function chart(scenario: Scenario, heading: string, items: readonly Bar[]): string {
  if (items.length === 0) return '';
  return `<figure><figcaption>${escapeHtml(scenario.title)}: ${escapeHtml(heading)}</figcaption>${bars(items)}</figure>`;
}

function growthSection(results: readonly ScenarioResult[]): string {
  const figures: FigureName[] = ['deliveriesPerSecond', 'emitMeanMicros', 'cpuMicrosPerDelivery'];
  const charts = figures.flatMap((figure) => {
    const lines = ['broadside-1', 'uws-publish', 'socketio-ws'].flatMap((server): Curve[] => {
      const points = GROWTH_CLIENTS.flatMap((clients): (readonly [number, number])[] => {
        const value = median(results, growthScenario(clients), server, figure);
        return value === undefined || value <= 0 ? [] : [[clients, value]];
      });
      return points.length < 2 ? [] : [{ label: contender(server).title, colour: colour(server), points }];
    });
    if (lines.length === 0) return [];
    const x: Axis = {
      label: 'clients',
      ticks: [10, 100, 1_000, 10_000, 15_000],
      show: (value) => (value >= 15_000 ? '' : String(value)),
    };
    return [`<figure>${curves(lines, x, valueAxis(FIGURES[figure].heading, lines))}</figure>`];
  });
  return charts.length === 0 ? '' : `<h2>Growth</h2>${charts.join('\n')}`;
}

const PERCENTILES: readonly FigureName[] = ['latencyP50Millis', 'latencyP99Millis', 'latencyP999Millis'];

function latencySection(results: readonly ScenarioResult[]): string {
  const charts = results.flatMap(({ scenario, outcomes }) => {
    if (scenario.kind !== 'deliver' || scenario.drive.kind !== 'pace') return [];
    const lines = outcomes.flatMap((outcome): Curve[] => {
      const values = PERCENTILES.map((figure) => spread(outcome, figure)?.median);
      if (values.some((value) => value === undefined)) return [];
      // One step to the right for each factor of ten in rarity: 1 of 2, 1 of 100, 1 of 1,000.
      const points = values.map((value, index): [number, number] => [RARITY[index], value as number]);
      return [{ label: outcome.contender.title, colour: colour(outcome.contender.name), points }];
    });
    if (lines.length === 0) return [];
    const x: Axis = { label: 'percentile', ticks: RARITY, show: (value) => String(100 - 100 / value) };
    return [
      `<figure><figcaption>${escapeHtml(scenario.title)}</figcaption>${curves(lines, x, valueAxis('milliseconds', lines))}</figure>`,
    ];
  });
  return charts.length === 0 ? '' : `<h2>Latency at a fixed pace</h2>${charts.join('\n')}`;
}

/** One of so many is slower: the 50th, 99th and 99.9th percentile. */
const RARITY: readonly number[] = [2, 100, 1_000];

function valueAxis(label: string, lines: readonly Curve[]): Axis {
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  return { label, ticks: decades(values), show: (value) => value.toLocaleString('en-US') };
}

function colour(server: string): string {
  return COLOURS[server] ?? '#444';
}
