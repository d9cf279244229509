/** The charts of a run: for each stage its loss, scores, learning rate and gradient norm. */

import type { Measure } from "../metrics/measure.ts";
import { type EvaluationLine, isEvaluation, type MetricsLine, type TrainingLine } from "../runs/log.ts";
import { type LineChart, mostSeries } from "./line-chart.ts";

/** Most terms of a loss that are drawn beside their sum. */
const mostTerms = 4;

/** Charts in the order of the stages; those of the last one carry no name when it is the only one. */
export function curvesOf(lines: readonly MetricsLine[]): LineChart[] {
  const stages = [...new Set(lines.map(({ stage }) => stage))];
  return stages.flatMap((stage) => {
    const own = lines.filter((line) => line.stage === stage);
    const title = (text: string) => (stages.length > 1 ? `${text} · ${stage}` : text);
    return chartsOf(own, title);
  });
}

function chartsOf(lines: readonly MetricsLine[], title: (text: string) => string): LineChart[] {
  const training = lines.filter((line): line is TrainingLine => !isEvaluation(line));
  const points = (value: (line: TrainingLine) => number) =>
    training.map((line) => [line.step, value(line)] as const).filter(([, each]) => Number.isFinite(each));
  const terms = [...new Set(training.flatMap((line) => Object.keys(line.terms)))];
  const parts = terms.length > 1 ? terms.slice(0, mostTerms) : [];
  const watched = [...new Set(training.flatMap((line) => Object.keys(line.watched ?? {})))];
  const norms = points((line) => line.gradientNorm);
  const charts: LineChart[] = [
    {
      title: title("Loss"),
      series: [
        { name: "total", points: points((line) => line.loss) },
        ...parts.map((name) => ({ name, points: points((line) => line.terms[name] ?? Number.NaN) })),
      ],
      format: (value) => String(Number(value.toPrecision(3))),
    },
    {
      title: title("Watched"),
      series: watched.map((name) => ({ name, points: points((line) => line.watched?.[name] ?? Number.NaN) })),
      format: (value) => String(Number(value.toPrecision(3))),
    },
    ...scoreCharts(lines.filter(isEvaluation), title),
    {
      title: title("Learning rate"),
      series: [{ name: "learning rate", points: points((line) => line.learningRate) }],
      format: (value) => (value === 0 ? "0" : value.toExponential(1)),
    },
    {
      title: title("Gradient norm, before clipping"),
      series: [{ name: "gradient norm", points: norms.filter(([, norm]) => norm > 0) }],
      format: (value) => String(Number(value.toPrecision(2))),
      logarithmic: true,
    },
  ];
  return charts.flatMap(inParts);
}

/** Charts of as many series as there are colours; none of a chart without a point. */
function inParts(chart: LineChart): LineChart[] {
  const { series } = chart;
  const count = series.some(({ points }) => points.length > 0) ? Math.ceil(series.length / mostSeries) : 0;
  return Array.from({ length: count }, (_, part) => ({
    ...chart,
    title: count === 1 ? chart.title : `${chart.title}, ${part + 1} of ${count}`,
    series: series.slice(mostSeries * part, mostSeries * (part + 1)),
  }));
}

const unitTitles: Readonly<Record<Measure["unit"], string>> = {
  share: "Validation, percent",
  dB: "Validation, dB",
  plain: "Validation",
};

/** A chart for each unit. */
function scoreCharts(lines: readonly EvaluationLine[], title: (text: string) => string): LineChart[] {
  const all = lines.flatMap(({ step, measures }) => measures.map((measure) => ({ step, ...measure })));
  return [...new Set(all.map(({ unit }) => unit))].map((unit) => {
    const own = all.filter((each) => each.unit === unit);
    const factor = unit === "share" ? 100 : 1;
    const points = (name: string) =>
      own.flatMap((each) =>
        each.name === name && each.value !== null ? [[each.step, factor * each.value] as const] : [],
      );
    return {
      title: title(unitTitles[unit]),
      series: [...new Set(own.map(({ name }) => name))].map((name) => ({ name, points: points(name) })),
      format: (value) => String(Number(value.toFixed(1))),
      fromZero: unit === "share",
    };
  });
}
