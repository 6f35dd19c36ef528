import { Module, type DynamicModule, type ModuleMetadata, type Type } from '@nestjs/common';
import { WaveflowModule } from '../waveflow/waveflow.module.js';
import { ComparisonReceiver, MixReceiver, StemReceiver } from './receivers.js';
import { WebhookController } from './webhook.controller.js';

interface Receivers {
  /** The modules that export the three services. */
  imports: NonNullable<ModuleMetadata['imports']>;
  stems: Type<StemReceiver>;
  mixes: Type<MixReceiver>;
  comparisons: Type<ComparisonReceiver>;
}

@Module({})
export class WebhookModule {
  static register({ imports, stems, mixes, comparisons }: Receivers): DynamicModule {
    return {
      module: WebhookModule,
      imports: [WaveflowModule, ...imports],
      controllers: [WebhookController],
      providers: [
        { provide: StemReceiver, useExisting: stems },
        { provide: MixReceiver, useExisting: mixes },
        { provide: ComparisonReceiver, useExisting: comparisons },
      ],
    };
  }
}
