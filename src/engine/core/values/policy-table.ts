import { bounds } from './job-parts.ts'

/** What a job with an empty set of models does: runs outside the queue, is refused, or runs alone. */
export const emptySetRules = ['bypass', 'reject', 'exclusive'] as const
export type EmptySetRule = (typeof emptySetRules)[number]

/** Where events go when `retentionDays` takes them out of the log: into its archive, or nowhere. */
export const archiveRules = ['keep', 'drop'] as const
export type ArchiveRule = (typeof archiveRules)[number]

/** Releases that read lower versions would start jobs together that do not fit. */
export const UNITS_SINCE = 6

/** Releases that read lower versions would take a start past the line for a broken one. */
export const WARM_SINCE = 6
/** A release that reads lower ones only counted how often a job was passed from nothing each time it came back into line. */
export const PASSES_STAY_SINCE = 7
/** Releases that read lower ones would let more jobs wait, or start, than one does that counts a use from its start on. */
export const AT_START_SINCE = 7
/** Releases that read lower versions do not know what a start is expected to use, and would count it differently. */
export const WEIGHTS_SINCE = 6

/** What a value of a policy may be. */
export type PolicyRule =
  | {
      readonly is: 'whole' | 'seconds'
      readonly min: number
      readonly max: number
      /** What an error says behind the range. */
      readonly unit?: string
      /** It may be null: `null for …`, as an error says it. */
      readonly orNull?: string
    }
  | { readonly is: 'word'; readonly words: readonly string[] }
  /** How many there are, or what each of them is called. */
  | { readonly is: 'places'; readonly min: number; readonly max: number; readonly unit?: string }
  /** Amounts by names, which are the user's. */
  | { readonly is: 'units'; readonly names: number; readonly max: number }
  | {
      readonly is: 'byModel'
      readonly of: PolicyRule
      /** By what; absent: by model. */
      readonly by?: 'model' | 'place' | 'fairKey' | 'tier'
      /** As a program and as the command line writes it. */
      readonly example: string
      readonly form: string
      /** Why `*` does not stand for all other models; absent: it does. */
      readonly noStar?: string
      /** Why a map without models is none; absent: it is one. */
      readonly noneEmpty?: string
    }
  /** One such value, or a list of them, each other than the others. */
  | { readonly is: 'oneOrMore'; readonly each: PolicyRule; readonly most: number }
  | { readonly is: 'fields'; readonly fields: Readonly<Record<string, PolicyPart>>; readonly orNull?: true }

/** A part of a value that has fields. */
export type PolicyPart = PolicyRule & {
  /** What it is if it is not given; absent: it has to be given. */
  readonly usual?: unknown
  /** It may be left out, and then is not there. */
  readonly optional?: true
  /** It is another way to write the value of its model in the map of this name, and stands there alone. */
  readonly in?: 'capacity'
  readonly flag?: string
  readonly says?: string
}

/** A field of a policy. */
export type PolicyField = PolicyRule & {
  /** Its value in a queue whose policy was never set. A field with `since` is absent there. */
  readonly usual?: unknown
  /** The version of the shape of `policy_changed` that has it; absent: 1. Logs of before do not have it, nor does a policy without it. */
  readonly since?: number
  /** Its flag on the command line; one that has fields has a flag for each of them. */
  readonly flag?: string
  /** What it says, in the help of the flag and in documents. */
  readonly says?: string
}

const share = {
  is: 'whole',
  min: 1,
  max: bounds.maxActive,
  orNull: 'for no limit',
  usual: null,
} as const satisfies PolicyPart

/** Places of one model. */
const places = {
  is: 'places',
  min: 1,
  max: bounds.capacity,
  unit: '; to stop a model, pause it',
} as const satisfies PolicyRule

/** How much there is of each unit at one place. */
const units = {
  is: 'units',
  names: bounds.unitNames,
  max: bounds.units,
} as const satisfies PolicyRule

/** The length of a window. */
const perSeconds = {
  is: 'seconds',
  min: 0.001,
  max: 86_400,
  says: 'the length of the window, in seconds',
} as const satisfies PolicyPart

/**
 * The rules of a queue, each once: the type of a policy, its schema, its defaults, how it stands in the log, and its flags on the
 * command line follow from here.
 */
export const policyFields = {
  /** How many jobs with models may run at once; 1: one at a time; null: no limit (`by-model`). */
  maxActive: {
    is: 'whole',
    min: 1,
    max: bounds.maxActive,
    orNull: 'for no limit; to stop the queue, drain it',
    usual: 1,
    flag: '--max-active <n|none>',
    says: 'how many jobs may be active at once',
  },
  /**
   * How many jobs may have a model at once; `*` is for all other models, which have 1. In place of a number, a list of places (cards,
   * accounts), each with room for one job, whichever models name it. Here and in the other maps by model, a `*` in a name stands for any
   * text (`lora-*`); the most specific name counts.
   */
  capacity: {
    is: 'byModel',
    of: places,
    example: '{ "flux-dev": 2, "*": 1 }',
    form: 'model=n, such as flux-dev=2, with a whole number from 1 to 1,000,000; to stop a model: npx interlock-queue pause',
    usual: {},
    flag: '--capacity <model=n|none>',
    says: 'capacity: how many jobs may have the model at once, if --max-active allows as many, or its places (host1:0,host1:1); *=n for all others; may be repeated',
  },
  /** How many later jobs may pass a waiting job on one of its models; then the model is kept for it. 0: strict order; null: any number. */
  maxOvertakes: {
    is: 'whole',
    min: 0,
    max: bounds.maxOvertakes,
    orNull: 'for no bound',
    usual: 0,
    flag: '--overtakes <n|none>',
    says: 'how often later jobs may overtake a waiting job on a model; 0: strict order',
  },
  /** How many seconds of waiting one level of priority is worth; null: the higher priority always goes first. */
  ageSeconds: {
    is: 'seconds',
    min: 0,
    max: bounds.durationMs / 1_000,
    orNull: 'for strict priority',
    usual: 60,
    flag: '--age <seconds|none>',
    says: 'how many seconds of waiting a level of priority is worth; none: higher priority always goes first',
  },
  /** How long a job that may start keeps its position until a worker takes it, in milliseconds. */
  offerMs: {
    is: 'whole',
    min: 0,
    max: bounds.durationMs,
    unit: ' (milliseconds)',
    usual: 2_000,
    flag: '--offer <ms>',
    says: 'how long a startable job keeps its position until a worker takes it',
  },
  /** A job without models: `bypass` runs it beside the queue, `reject` refuses it, `exclusive` runs it alone. */
  emptySet: {
    is: 'word',
    words: emptySetRules,
    usual: 'bypass',
    flag: '--empty-set <rule>',
    says: 'what a job without models does: bypass, reject or exclusive',
  },
  /**
   * For how many seconds a model is paused when a worker that had it was lost, since its work may go on elsewhere; `*` is for all other
   * models, which have 0.
   */
  holdAfterLossSeconds: {
    is: 'byModel',
    of: { is: 'whole', min: 0, max: bounds.holdSeconds, unit: ' (seconds)' },
    example: '{ "flux-dev": 600, "*": 0 }',
    form: 'model=seconds, such as flux-dev=120, up to 86,400; model=none removes it',
    usual: {},
    flag: '--hold <model=seconds|none>',
    says: 'how long to pause a model after a worker that had it was lost, *=n for all others; may be repeated',
  },
  /** By model, `{ starts, perSeconds }`: so many starts at most in any window of that length. */
  rate: {
    is: 'byModel',
    of: {
      is: 'fields',
      fields: {
        starts: {
          is: 'whole',
          min: 1,
          max: bounds.rateStarts,
          unit: ' starts; to stop a model, pause it',
          says: 'how many starts in any such window',
        },
        perSeconds,
      },
    },
    example: '{ "flux-dev": { "starts": 5, "perSeconds": 1 } }',
    form: 'model=starts/seconds, such as veo-3=5/60 for five in any minute; model=none removes it',
    noStar: 'the last starts of every model would have to be kept; name the models',
    usual: {},
    flag: '--rate <model=starts/seconds|none>',
    says: 'how many jobs may start on the model in any window of so many seconds; may be repeated',
  },
  /**
   * By `fairKey`, `{ spacingSeconds, maxWaiting, maxActive }`; null: no such limits (`weights` and
   * `tiers` use fair keys all the same). With `maxOvertakes`, set `maxWaiting` too:
   * each decision looks at the waiting jobs of a full share one by one.
   */
  fairShare: {
    is: 'fields',
    fields: {
      /** How many seconds a job stands further back for each job with its key that was waiting when it came. */
      spacingSeconds: {
        is: 'seconds',
        min: 0,
        max: bounds.spacingSeconds,
        usual: 0,
        flag: '--spacing <seconds>',
        says: 'how many seconds further back a job goes for each waiting job of the same fairKey',
      },
      /** How many may wait at most; one more is refused. Null: no limit. */
      maxWaiting: {
        ...share,
        flag: '--share-waiting <n|none>',
        says: 'how many jobs of one customer (fairKey) may wait; more are refused, and those that wait stay',
      },
      /** How many may be active at most. Null: no limit. */
      maxActive: {
        ...share,
        flag: '--share-active <n|none>',
        says: 'how many jobs of one customer (fairKey) may be active',
      },
    },
    orNull: true,
    usual: null,
    says: 'limits for each fairKey; null: fair keys have no effect',
  },
  /** After how many days events leave the log (docs/inside/log.md#keeping-it-from-growing-forever); null: never. */
  retentionDays: {
    is: 'whole',
    min: 1,
    max: 36_500,
    unit: ' (days)',
    orNull: 'to keep all events in the log',
    usual: 30,
    flag: '--retention <days|none>',
    says: 'after how many days events leave the log; none: never',
  },
  /** Where those events go: `keep` moves them to `job_queue_log_archive`, where readers still find them; `drop` erases them. */
  archive: {
    is: 'word',
    words: archiveRules,
    usual: 'keep',
    flag: '--archive <keep|drop>',
    says: 'where those events go: keep moves them to job_queue_log_archive, drop erases them',
  },
  /**
   * The models that there are: `{ 'flux-dev': {}, upscale: { capacity: 2 } }`. A new job that needs another one is refused
   * (`unknown_model`); live jobs and retries are not. `capacity` is the same field as above. Absent or null: a job may need any model.
   */
  models: {
    is: 'byModel',
    of: {
      is: 'fields',
      fields: { capacity: { ...places, in: 'capacity', says: 'as in `capacity` of the policy' } },
    },
    example: '{ "flux-dev": {}, "upscale": { "capacity": 2 } }',
    form: 'model, or model=n with its capacity, a whole number from 1 to 1,000,000; model=none removes it, and none removes all',
    noStar: 'declare each model by its name; null: a job may need any',
    noneEmpty: 'must name at least one model; null: a job may need any',
    since: 3,
    flag: '--models <model|model=n|none>',
    says: 'a model that jobs may need, with its capacity if given; once models are declared, jobs that need others are refused; may be repeated',
  },
  /**
   * By place, how much it has: `{ 'host1:0': { vram: 24 } }`, at most 8 units, whole numbers up to 1,000,000,000. A place with units holds
   * several jobs, as far as their `asks` fit; one without, one job at a time. Absent or null: no place has units.
   */
  units: {
    is: 'byModel',
    of: units,
    by: 'place',
    example: '{ "host1:0": { "vram": 24 } }',
    form: 'place=name:n, such as host1:0=vram:24+slots:4; place=none removes it, and none removes all',
    noStar: 'name the places',
    noneEmpty: 'must name at least one place; null: no place has units',
    since: UNITS_SINCE,
    flag: '--units <place=name:n|none>',
    says: 'how much a place has of what jobs ask of it, such as host1:0=vram:24; may be repeated',
  },
  /**
   * By resource, `{ limit, perSeconds }`, or a list of them: in any window of that length, jobs use no more than the limit. A running job
   * counts as much as it expects to use (`uses`), one that has ended as much as it used; with `counted: 'atStart'` what
   * it expects counts at its start, and what it used beyond at its end. Absent: no resource has a limit.
   */
  uses: {
    is: 'byModel',
    of: {
      is: 'oneOrMore',
      each: {
        is: 'fields',
        fields: {
          limit: { is: 'whole', min: 1, max: bounds.use, says: 'how much of it in any such window' },
          perSeconds,
          /** What a job expects to use counts at its start, as providers count. Absent: from its start to its end, and then what it used. */
          counted: {
            is: 'word',
            words: ['atStart'],
            optional: true,
            says: 'what a job expects to use counts at its start; absent: until it ends, and then what it used',
          },
        },
      },
      most: bounds.windows,
    },
    example: '{ "openai-tpm": { "limit": 90000, "perSeconds": 60 } }',
    form: 'resource=limit/seconds, such as openai-tpm=90000/60 for 90,000 in any minute, or 90000/60/atStart, more windows behind commas; resource=none removes it',
    noStar:
      'what was used of every resource would have to be kept; name the resources, or write a pattern such as openai-*',
    since: 6,
    flag: '--uses <resource=limit/seconds|none>',
    says: 'how much jobs may use of a resource in any window of so many seconds (openai-tpm=90000/60,1000000/86400; 90000/60/atStart: counted at the start); may be repeated',
  },
  /**
   * `{ maxPassed, maxPassedSeconds, minLoadedSeconds, loadSeconds }`: a process with `keeps` prefers jobs whose models it has loaded, and
   * may pass others for that, so often and for so long at most. Absent or null: line order alone.
   */
  warm: {
    is: 'fields',
    fields: {
      /** How often a waiting job is passed for this at most, beside `maxOvertakes`. 0: line order alone. */
      maxPassed: {
        is: 'whole',
        min: 0,
        max: bounds.passed,
        flag: '--warm-passed <n>',
        says: 'how often a waiting job may be passed by jobs whose models are loaded; 0: never',
      },
      /** For how many seconds from the first time on. */
      maxPassedSeconds: {
        is: 'seconds',
        min: 0,
        max: 86_400,
        flag: '--warm-seconds <seconds>',
        says: 'for how long it may be passed, from the first time on',
      },
      /** For so many seconds no other model takes the place of one that was just loaded, if something else can start. */
      minLoadedSeconds: {
        is: 'seconds',
        min: 0,
        max: 86_400,
        usual: 0,
        flag: '--min-loaded <seconds>',
        says: 'for how long a model that was just loaded stays, if something else can start',
      },
      /** How long each model takes to load; `*` sets that of all others, which is 1. 0: it is nothing that is loaded. */
      loadSeconds: {
        is: 'byModel',
        of: { is: 'seconds', min: 0, max: 86_400 },
        example: '{ "flux-dev": 12, "*": 5 }',
        form: 'model=seconds, such as flux-dev=12; model=none removes it',
        usual: {},
        flag: '--load <model=seconds|none>',
        says: 'how long a model takes to load, *=n for all others; 0: it is nothing that is loaded; may be repeated',
      },
    },
    since: WARM_SINCE,
    says: 'whether jobs whose models are loaded may pass others; absent: line order alone',
  },
  /**
   * By `fairKey`, its weight: `tier/*` is for all keys that begin with `tier/`, `*` for all others, which have 1. The key goes first that
   * has used least: seconds for which its jobs held models, divided by its weight. Needs `maxOvertakes` above 0. Absent or
   * null: line order.
   */
  weights: {
    is: 'byModel',
    of: { is: 'whole', min: 1, max: bounds.weight },
    by: 'fairKey',
    example: '{ "paid/*": 4, "*": 1 }',
    form: 'key=n, such as customer-17=4, paid/*=4 for all keys that begin with paid/, or *=1 for all others; a whole number from 1 to 1,000; key=none removes it, and none removes all',
    since: WEIGHTS_SINCE,
    flag: '--weight <key=n|none>',
    says: 'how much more a fairKey gets than others, by the time that its jobs use models (paid/*=4, *=1 for all others); may be repeated',
  },
  /**
   * By tier, which is the part of a fair key before the first `/` (`free` of `free/customer-17`): `{ maxActive, maxTogether }`, how many
   * jobs of each key, and of all keys of the tier together, may run; null: no limit. For keys of a tier with `maxActive`, that of
   * `fairShare` does not count. Absent or null: no tier has limits.
   */
  tiers: {
    is: 'byModel',
    of: {
      is: 'fields',
      fields: {
        maxActive: { ...share, says: 'how many jobs of each key of the tier may be active' },
        maxTogether: { ...share, says: 'how many jobs of all keys of the tier may be active together' },
      },
    },
    by: 'tier',
    example: '{ "free": { "maxActive": 1, "maxTogether": 20 } }',
    form: 'tier=n/m, such as free=1/20 for one active job of each key and 20 of all together, or paid=5/none; tier=none removes it, and none removes all',
    noStar: 'name the tiers; maxActive of fairShare is for all others',
    since: WEIGHTS_SINCE,
    flag: '--tier <tier=n/m|none>',
    says: 'how many jobs of each fairKey of a tier (free of free/customer-17), and of all of them together, may be active (free=1/20); may be repeated',
  },
} as const satisfies Readonly<Record<string, PolicyField>>
