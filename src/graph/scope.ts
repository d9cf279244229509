/**
 * Names, parameters and noise of a model while its graph is built. Modules are plain functions `(scope, x, options)`:
 * they ask the scope for parameters by name where they use them, and read sizes from `x`.
 */
import type { Dtype } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { type Initializer, zerosInitializer } from "./initializer.ts";
import { input, type Tensor, type TensorType, variable } from "./tensor.ts";

/** A tensor that the model owns. `trained` ones get gradients; the others are running averages or frozen. */
export interface Parameter {
  readonly name: string;
  /** Names the random stream that the first values are drawn from: as the parameter, if nothing else was asked for. */
  readonly stream: string;
  readonly tensor: Tensor;
  readonly initializer: Initializer;
  readonly role: "weight" | "average";
  readonly trained: boolean;
}

/** Random numbers that the host feeds at each run, keyed by (seed, step, stream). */
export interface Noise {
  readonly name: string;
  readonly stream: string;
  readonly tensor: Tensor;
  readonly distribution: "uniform" | "normal";
}

/** A computation on the host between two parts of a step (matching, mean field); see `Scope.host`. */
export interface HostCall {
  readonly name: string;
  readonly inputs: Named<Tensor>;
  readonly outputs: Named<Tensor>;
  readonly compute: (values: Named<NdArray>) => Named<NdArray> | Promise<Named<NdArray>>;
}

export interface ModelOptions {
  /** Batch statistics, dropout and noise (true), or running averages and none (false). Chosen when the graph is built. */
  readonly training?: boolean;
  /** Which parameters train. Default: all. */
  readonly trains?: (parameter: string) => boolean;
  /**
   * Which parts compute as in prediction although the model is in training: running averages, no dropout, no new averages.
   * Default: those that do not train.
   */
  readonly rests?: (parameter: string) => boolean;
}

/** All that a model's functions declared while its graph was built. */
export class Model {
  readonly training: boolean;
  readonly trains: (parameter: string) => boolean;
  readonly rests: (parameter: string) => boolean;
  readonly parameters = new Map<string, Parameter>();
  readonly noises = new Map<string, Noise>();
  readonly hostCalls: HostCall[] = [];
  /** New values of running averages, by parameter name. */
  readonly updates = new Map<string, Tensor>();

  constructor({ training = false, trains = () => true, rests = (name) => !trains(name) }: ModelOptions = {}) {
    this.training = training;
    this.trains = trains;
    this.rests = rests;
  }

  /** The outermost scope; names under it have no prefix. */
  get scope(): Scope {
    return new Scope(this, "");
  }

  /** Parameters that get gradients, in order of declaration. */
  get trained(): Parameter[] {
    return [...this.parameters.values()].filter(({ trained }) => trained);
  }
}

type StreamOf = (name: string) => string | undefined;

/** A place in a model: a prefix for names. */
export class Scope {
  readonly model: Model;
  /** Dotted path from the model, as in state dictionaries: `encoder.layer.0`. */
  readonly path: string;
  readonly #shared: boolean;
  readonly #streamOf: StreamOf;

  constructor(model: Model, path: string, shared = false, streamOf: StreamOf = () => undefined) {
    this.model = model;
    this.path = path;
    this.#shared = shared;
    this.#streamOf = streamOf;
  }

  /** The scope below this one called `name`. */
  at(name: string | number): Scope {
    return new Scope(this.model, this.#join(String(name)), this.#shared, this.#streamOf);
  }

  /** The same place, but names may be declared again: the second use gets the same parameters (weight sharing). */
  shared(): Scope {
    return new Scope(this.model, this.path, true, this.#streamOf);
  }

  /**
   * The same place, whose random numbers are drawn as for other names: where names were changed, a seed gives the
   * numbers that it gave before. Names for which `streamOf` has none draw as themselves.
   */
  drawnAs(streamOf: StreamOf): Scope {
    return new Scope(this.model, this.path, this.#shared, streamOf);
  }

  /**
   * True where this part of the model computes as in training: use batch statistics, draw dropout. It rests where a weight
   * of this place would, and so do all weights that were declared at it or below so far.
   */
  get training(): boolean {
    const { training, rests, parameters } = this.model;
    if (!training) return false;
    const below = this.#join("");
    const isAwake = ({ name, role }: Parameter) => role === "weight" && name.startsWith(below) && !rests(name);
    return !rests(this.#join("weight")) || [...parameters.values()].some(isAwake);
  }

  /** A trainable tensor. Declared twice under one name is an error, unless the scope is `shared()`. */
  parameter(name: string, shape: Shape, initializer: Initializer, dtype: Dtype = "float32"): Tensor {
    return this.#declare("weight", name, shape, initializer, dtype);
  }

  /** A tensor that the graph updates itself, such as a running mean; see `update`. */
  average(name: string, shape: Shape, initializer: Initializer = zerosInitializer, dtype: Dtype = "float32"): Tensor {
    return this.#declare("average", name, shape, initializer, dtype);
  }

  /** The running average `name` as far as it is known: where the graph updates it already, as a second use of a shared part sees it. */
  latest(name: string): Tensor {
    const path = this.#join(name);
    const known = this.model.updates.get(path) ?? this.model.parameters.get(path)?.tensor;
    if (known === undefined) throw this.error(`"${name}" must be declared before its latest value is asked for.`);
    return known;
  }

  /** Says what the running average `name` becomes after this step; see `latest`. Ignored outside training. */
  update(name: string, value: Tensor): void {
    if (this.training) this.model.updates.set(this.#join(name), value);
  }

  /** Numbers drawn by the host for each run: uniform in [0, 1) or standard normal. */
  noise(name: string, shape: Shape, distribution: "uniform" | "normal"): Tensor {
    const path = this.#unused(this.#join(name), this.model.noises);
    const tensor = input(`noise:${path}`, shape);
    this.model.noises.set(path, { name: path, stream: this.#streamOf(path) ?? path, tensor, distribution });
    return tensor;
  }

  /**
   * Leaves the graph for the host: `compute` gets the numbers of `inputs` and returns arrays of the types `outputs`,
   * which go on as tensors. No gradient flows through. A step with host calls runs in parts, cut here.
   */
  host(name: string, inputs: Named<Tensor>, outputs: Named<TensorType>, compute: HostCall["compute"]): Named<Tensor> {
    const path = this.#join(name);
    const tensors = Object.fromEntries(
      Object.entries(outputs).map(([key, { shape, dtype }]) => [key, input(`host:${path}.${key}`, shape, dtype)]),
    );
    this.model.hostCalls.push({ name: path, inputs, outputs: tensors, compute });
    return tensors;
  }

  /** An error that starts with where in the model it happened. */
  error(message: string): InputError {
    return new InputError(`${this.path || "model"}: ${message}`);
  }

  #join(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #unused(path: string, taken: ReadonlyMap<string, unknown>): string {
    let name = path;
    for (let i = 2; taken.has(name); i++) name = `${path}#${i}`;
    return name;
  }

  #declare(role: Parameter["role"], name: string, shape: Shape, initializer: Initializer, dtype: Dtype): Tensor {
    const path = this.#join(name);
    const known = this.model.parameters.get(path);
    if (known !== undefined) {
      if (!this.#shared)
        throw this.error(`"${name}" is declared twice. Use scope.shared() where two places share weights.`);
      if (show(known.tensor.shape) !== show(shape)) {
        throw this.error(`shared "${name}" must keep its shape ${show(known.tensor.shape)}, got ${show(shape)}.`);
      }
      return known.tensor;
    }
    const tensor = variable(path, shape, dtype);
    const trained = role === "weight" && this.model.training && this.model.trains(path);
    const stream = this.#streamOf(path) ?? path;
    this.model.parameters.set(path, { name: path, stream, tensor, initializer, role, trained });
    return tensor;
  }
}
