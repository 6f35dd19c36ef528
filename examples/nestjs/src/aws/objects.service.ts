import {
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { createPresignedPost, type PresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Injectable } from '@nestjs/common';
import { Settings } from '../settings/settings.js';

const UPLOAD_EXPIRES_S = 900;
const DOWNLOAD_EXPIRES_S = 300;
// S3 answers 403 for a missing key to a role without s3:ListBucket.
const ABSENT: readonly unknown[] = [403, 404];

export interface StoredObject {
  etag: string;
  /** Epoch milliseconds. */
  lastModified: number;
}

/** The bucket: browsers upload and download by themselves, with what is signed here. */
@Injectable()
export class ObjectsService {
  constructor(
    private readonly client: S3Client,
    private readonly settings: Settings,
  ) {}

  /** One upload under one key; S3 refuses other keys and other sizes. */
  signUpload(key: string, prefix: string): Promise<PresignedPost> {
    return createPresignedPost(this.client, {
      Bucket: this.settings.bucket,
      Key: key,
      Expires: UPLOAD_EXPIRES_S,
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
      if (error instanceof S3ServiceException && ABSENT.includes(error.$metadata.httpStatusCode)) {
        return null;
      }
      throw error;
    }
  }
}
