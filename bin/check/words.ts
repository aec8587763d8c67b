/** A word that the repository does not use, and the word of the field to write instead. */
export type Word = {
  /** Lower case; `*` stands for any ending. Names are read by their parts: `isIll` contains `ill`. */
  readonly word: string;
  readonly write: string;
  /** Phrases in which the word is right, and foreign names that contain it. */
  readonly except?: readonly string[];
};

export const WORDS: readonly Word[] = [
  { word: 'ill', write: '"unhealthy" or "failing"' },
  { word: 'illness*', write: '"failure"' },
  { word: 'judge*', write: '"evaluate"' },
  { word: 'judging', write: '"evaluating"' },
  { word: 'accus*', write: '"attribute" or "suspect"' },
  { word: 'suspicion*', write: '"consecutive failures"' },
  { word: 'obedience', write: '"CommandResult"' },
  { word: 'obey*', write: '"apply"' },
  { word: 'alarm*', write: '"timer" or "alert"' },
  { word: 'flights', write: '"requests in flight"' },
  {
    word: 'landing',
    write: '"settled"',
    except: ['ApolloServerPluginLandingPageDisabled', 'landingPage'],
  },
  { word: 'landed', write: '"settled"' },
  { word: 'spine*', write: '"copy-on-write path"' },
  { word: 'twins', write: '"duplicates"' },
  { word: 'heldback', write: '"blocked"' },
  { word: 'held back', write: '"blocked"' },
  { word: 'underway', write: '"in flight"' },
  { word: 'under way', write: '"in flight"' },
  { word: 'stand ins', write: '"fallback"' },
  { word: 'stand in for', write: '"replace"' },
  { word: 'stands in for', write: '"replaces"' },
  { word: 'blame*', write: '"attribute" or "cause"' },
  { word: 'herd', write: '"simultaneous retries"' },
  { word: 'patience', write: '"timeout" or "limit"' },
  { word: 'told', write: '"sent", "reported" or "known"' },
  { word: 'whoever', write: '"a caller that" or "anyone who"' },
  { word: 'spender*', write: '"consumer"' },
  { word: 'contestant*', write: '"competitor" or "target"' },
  { word: 'leash*', write: '"exit with parent"' },
  { word: 'given up', write: '"aborted" or "released"' },
  { word: 'by hand', write: '"manually" or "through the admin API"' },
  {
    word: 'refus*',
    write: '"reject", "rejection" or "rejected"',
    except: ['onnection refused', 'efused connection', 'ECONNREFUSED'],
  },
  { word: 'answer*', write: '"response", "respond" or "result"' },
  { word: 'unanswered', write: '"without a response"' },
  { word: 'wish', write: '"request"' },
  { word: 'owe', write: '"pending"' },
  { word: 'owed', write: '"pending"' },
  { word: 'traffic.sharing', write: '"traffic.deduplication"' },
];

/** Beginnings of a comment that is a fragment and not a sentence. */
export const FRAGMENTS: readonly string[] = ['What', 'Whoever', 'Whether who', 'Of', 'None'];

export const MAX_COMMENT_COLUMNS = 110;

/** Files in which a word is right, each with the reason. */
export const ALLOWED: readonly { readonly file: string; readonly word: string; readonly because: string }[] =
  [
    { file: 'router/config/renamed-keys.ts', word: 'refus*', because: 'an old configuration key' },
    { file: 'router/telemetry/metrics.ts', word: 'refus*', because: 'an old label value' },
    { file: 'router/telemetry/metrics/definitions.ts', word: 'refus*', because: 'an old metric' },
    { file: 'subgraphs/order/data.ts', word: 'wish', because: 'earlier migrations' },
    { file: 'subgraphs/order/data.ts', word: 'owed', because: 'earlier migrations' },
  ];
