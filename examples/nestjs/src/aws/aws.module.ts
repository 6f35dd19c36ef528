import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ObjectsService } from './objects.service.js';
import { settings, type Settings } from '../settings/settings.js';

/**
 * WaveFlow waits 15 s for a webhook's answer; three attempts of 4 s fit in.
 * Without `throwOnRequestTimeout` a silent service would only be warned about.
 */
export const QUICK = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
};

/** The AWS clients; credentials come from the SDK's own chain (role, profile, environment). */
@Global()
@Module({
  imports: [ConfigModule.forFeature(settings)],
  providers: [
    {
      provide: SQSClient,
      inject: [settings.KEY],
      useFactory: ({ region }: Settings) => new SQSClient({ region, ...QUICK }),
    },
    {
      provide: SFNClient,
      inject: [settings.KEY],
      useFactory: ({ region }: Settings) => new SFNClient({ region, ...QUICK }),
    },
    {
      provide: S3Client,
      inject: [settings.KEY],
      useFactory: ({ region, endpoint }: Settings) =>
        new S3Client({ region, forcePathStyle: endpoint !== undefined, ...QUICK }),
    },
    ObjectsService,
  ],
  exports: [ConfigModule, SQSClient, SFNClient, ObjectsService],
})
export class AwsModule {}
