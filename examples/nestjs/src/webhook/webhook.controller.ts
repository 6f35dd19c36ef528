import {
  Controller,
  Headers,
  HttpCode,
  Logger,
  Post,
  UnauthorizedException,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { DeliveriesService } from '../waveflow/deliveries.service.js';
import { CompletionDto } from '../waveflow/dto/completion.dto.js';
import { ComparisonCompleteDto } from '../waveflow/dto/comparison-complete.dto.js';
import { HashCheckDto } from '../waveflow/dto/hash-check.dto.js';
import { MixingCompleteDto } from '../waveflow/dto/mixing-complete.dto.js';
import { SignatureGuard } from '../waveflow/signature.guard.js';
import { VerdictService, type Delivery } from '../waveflow/verdict.service.js';
import { Payload } from './payload.js';
import { ComparisonReceiver, MixReceiver, StemReceiver, type Decision } from './receivers.js';
import { RefusalFilter } from './refusal.filter.js';

interface Answer {
  status: 'success';
  message: string;
}

/** Where WaveFlow calls back. An error is never swallowed: WaveFlow tries again after a 5xx. */
@ApiExcludeController()
@Controller('webhook')
@UseGuards(SignatureGuard)
@UseFilters(RefusalFilter)
export class WebhookController {
  private readonly logger = new Logger(WebhookController.name);

  constructor(
    private readonly stems: StemReceiver,
    private readonly mixes: MixReceiver,
    private readonly comparisons: ComparisonReceiver,
    private readonly verdicts: VerdictService,
    private readonly deliveries: DeliveriesService,
  ) {}

  /** Decide, commit, answer with this question's own token, and only then say 200. */
  @Post('hash-check')
  @HttpCode(200)
  async handleHashCheck(
    @Payload(HashCheckDto) question: HashCheckDto,
    @Headers('webhook-id') webhookId: string,
  ): Promise<Answer> {
    if (await this.deliveries.isKnown(webhookId)) {
      throw new UnauthorizedException('This question has already been answered');
    }
    const decision = await this.stems.decide(question);
    const delivery = await this.send(question.task_token, decision);
    await this.deliveries.remember(webhookId, question.task_id);
    this.logger.log(`Answered ${question.stemId} ${JSON.stringify(decision)}: ${delivery}`);
    return { status: 'success', message: delivery };
  }

  @Post('completion')
  @HttpCode(200)
  async handleCompletion(
    @Payload(CompletionDto) completion: CompletionDto,
    @Headers('webhook-id') webhookId: string,
  ): Promise<Answer> {
    const message = await this.deliveries.once(webhookId, completion.task_id, (manager) =>
      this.stems.settle(manager, completion),
    );
    this.logger.log(`${completion.status} for ${completion.stemId}: ${message}`);
    return { status: 'success', message };
  }

  @Post('mixing-complete')
  @HttpCode(200)
  async handleMixingComplete(
    @Payload(MixingCompleteDto) completion: MixingCompleteDto,
    @Headers('webhook-id') webhookId: string,
  ): Promise<Answer> {
    const message = await this.deliveries.once(webhookId, completion.task_id, (manager) =>
      this.mixes.settle(manager, completion),
    );
    this.logger.log(`Mix ${completion.status} for ${completion.stageId}: ${message}`);
    return { status: 'success', message };
  }

  @Post('comparison-complete')
  @HttpCode(200)
  async handleComparisonComplete(
    @Payload(ComparisonCompleteDto) completion: ComparisonCompleteDto,
    @Headers('webhook-id') webhookId: string,
  ): Promise<Answer> {
    const message = await this.deliveries.once(webhookId, completion.task_id, (manager) =>
      this.comparisons.settle(manager, completion),
    );
    this.logger.log(`Comparison ${completion.status} for ${completion.stageId}: ${message}`);
    return { status: 'success', message };
  }

  private send(taskToken: string, decision: Decision): Promise<Delivery> {
    if ('refusal' in decision) {
      return this.verdicts.refuse(taskToken, decision.refusal);
    }
    return this.verdicts.answer(taskToken, decision);
  }
}
