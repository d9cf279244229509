/** The charts of a run: for each stage its loss, scores, learning rate and gradient norm. */
import { type EvaluationLine, isEvaluation, type MetricsLine, type TrainingLine } from "../runs/log.ts";
import type { LineChart } from "./line-chart.ts";

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
    scoreChart(lines.filter(isEvaluation), title),
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
  return charts.filter(({ series }) => series.some((each) => each.points.length > 0));
}

function scoreChart(lines: readonly EvaluationLine[], title: (text: string) => string): LineChart {
  const decibels = lines.some(({ unit }) => unit === "dB");
  const factor = decibels ? 1 : 100;
  const names = [...new Set(lines.flatMap(({ scores }) => Object.keys(scores)))];
  return {
    title: title(decibels ? "Validation, dB" : "Validation, percent"),
    series: names.map((name) => ({
      name,
      points: lines.flatMap(({ step, scores }) => {
        const score = scores[name] ?? null;
        return score === null ? [] : [[step, factor * score] as const];
      }),
    })),
    format: (value) => String(Number(value.toFixed(1))),
    fromZero: !decibels,
  };
}
