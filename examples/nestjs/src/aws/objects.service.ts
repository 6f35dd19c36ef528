import {
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { createPresignedPost, type PresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Inject, Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import { settings, type Settings } from '../settings/settings.js';

const UPLOAD_EXPIRES_S = 900;
export const DOWNLOAD_EXPIRES_S = 300;

export interface StoredObject {
  etag: string;
  /** Epoch milliseconds. */
  lastModified: number;
}

/** The bucket: browsers upload and download by themselves, with what is signed here. */
@Injectable()
export class ObjectsService {
  private readonly logger = new Logger(ObjectsService.name);

  constructor(
    private readonly client: S3Client,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** One content under one key; S3 refuses other keys, other sizes and other bytes. */
  signUpload(key: string, prefix: string, sha256: string): Promise<PresignedPost> {
    return createPresignedPost(this.client, {
      Bucket: this.settings.bucket,
      Key: key,
      Expires: UPLOAD_EXPIRES_S,
      Fields: {
        'x-amz-checksum-algorithm': 'SHA256',
        'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
      },
      Conditions: [
        ['starts-with', '$key', prefix],
        ['content-length-range', 1, this.settings.maxUploadBytes],
      ],
    });
  }

  signDownload(key: string): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.settings.bucket, Key: key });
    return getSignedUrl(this.client, command, { expiresIn: DOWNLOAD_EXPIRES_S });
  }

  async describe(key: string): Promise<StoredObject | null> {
    try {
      const head = await this.client.send(
        new HeadObjectCommand({ Bucket: this.settings.bucket, Key: key }),
      );
      return { etag: head.ETag ?? '', lastModified: head.LastModified?.getTime() ?? 0 };
    } catch (error) {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      if (status === 404) {
        return null;
      }
      if (status === 403) {
        // Without s3:ListBucket a missing key looks like this, too.
        this.logger.error(`S3 refused HEAD ${key}: s3:GetObject or s3:ListBucket is not granted`);
        throw new ServiceUnavailableException('The storage does not let this server look at uploads');
      }
      throw error;
    }
  }
}
