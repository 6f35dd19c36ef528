import { SendTaskFailureCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';

export type Verdict =
  | { verdict: 'new'; num_peaks?: number }
  | { verdict: 'duplicate'; duplicate_of: { stemId: string; filepath: string } }
  | { verdict: 'hold' };

/** `settled`: somebody answered before us, or the question has expired. Both need nothing more. */
export type Delivery = 'accepted' | 'settled';

const SETTLED = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);

/** Answers WaveFlow's questions. A task token is a password: it is never logged. */
@Injectable()
export class VerdictService {
  private readonly logger = new Logger(VerdictService.name);

  constructor(private readonly client: SFNClient) {}

  /** Give the verdict. */
  answer(taskToken: string, verdict: Verdict): Promise<Delivery> {
    const output = JSON.stringify(verdict);
    return this.deliver(() => this.client.send(new SendTaskSuccessCommand({ taskToken, output })));
  }

  /** Say that there is no verdict; the file stays and the request fails with INVALID_VERDICT. */
  refuse(taskToken: string, cause: string): Promise<Delivery> {
    const refusal = { taskToken, error: 'NoVerdict', cause };
    return this.deliver(() => this.client.send(new SendTaskFailureCommand(refusal)));
  }

  private async deliver(call: () => Promise<unknown>): Promise<Delivery> {
    try {
      await call();
      return 'accepted';
    } catch (error) {
      // Only the name: the message of InvalidToken repeats the token.
      const name = error instanceof Error ? error.name : 'unknown';
      if (SETTLED.has(name)) {
        this.logger.warn(`The question was settled before this answer (${name})`);
        return 'settled';
      }
      this.logger.error(`Step Functions did not take the verdict (${name})`);
      throw new ServiceUnavailableException('The verdict is stored but could not be sent; ask again');
    }
  }
}
