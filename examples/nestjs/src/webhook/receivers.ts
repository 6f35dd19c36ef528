import type { EntityManager } from 'typeorm';
import type { CompletionDto } from '../waveflow/dto/completion.dto.js';
import type { ComparisonCompleteDto } from '../waveflow/dto/comparison-complete.dto.js';
import type { HashCheckDto } from '../waveflow/dto/hash-check.dto.js';
import type { MixingCompleteDto } from '../waveflow/dto/mixing-complete.dto.js';
import type { Verdict } from '../waveflow/verdict.service.js';

export type Applied = 'applied' | 'ignored';

/** A verdict, or why there can be none. */
export type Decision = Verdict | { refusal: string };

/** What your service of uploads has to offer. */
export abstract class StemReceiver {
  /** Decide about a file, and commit what the decision depends on. */
  abstract decide(question: HashCheckDto): Promise<Decision>;

  /** File how an upload ended, by this manager: in the transaction that remembers the webhook. */
  abstract settle(manager: EntityManager, completion: CompletionDto): Promise<Applied>;
}

/** What your service of mixes has to offer. */
export abstract class MixReceiver {
  /** File how a mix ended, by this manager. */
  abstract settle(manager: EntityManager, completion: MixingCompleteDto): Promise<Applied>;
}

/** What your service of comparisons has to offer. */
export abstract class ComparisonReceiver {
  /** File how a comparison ended, by this manager. */
  abstract settle(manager: EntityManager, completion: ComparisonCompleteDto): Promise<Applied>;
}
