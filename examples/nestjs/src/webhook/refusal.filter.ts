import { Catch, HttpException, Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request } from 'express';

/**
 * Logs why a webhook was refused: WaveFlow takes a 4xx for final and does not send again.
 * The reasons name fields and ids, never a token or a secret.
 */
@Catch(HttpException)
export class RefusalFilter extends BaseExceptionFilter<HttpException> {
  private readonly logger = new Logger(RefusalFilter.name);

  override catch(exception: HttpException, host: ArgumentsHost): void {
    const { path } = host.switchToHttp().getRequest<Request>();
    const { message } = exception.getResponse() as { message?: string | string[] };
    this.logger.warn(`${exception.getStatus()} for ${path}: ${[message].flat().join('; ')}`);
    super.catch(exception, host);
  }
}
