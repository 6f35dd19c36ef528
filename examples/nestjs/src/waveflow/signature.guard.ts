import {
  Inject,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
  type RawBodyRequest,
} from '@nestjs/common';
import type { Request } from 'express';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { settings, type Settings } from '../settings/settings.js';

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/**
 * Lets only WaveFlow in: Standard Webhooks over the raw body, five minutes of tolerance.
 * While a secret is rotated, either one is accepted.
 */
@Injectable()
export class SignatureGuard implements CanActivate {
  private readonly verifiers: readonly Webhook[];

  constructor(@Inject(settings.KEY) { webhookSecrets }: Settings) {
    this.verifiers = webhookSecrets.map((secret) => new Webhook(secret));
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<RawBodyRequest<Request>>();
    const reason = this.reasonToRefuse(request);
    if (reason !== null) {
      throw new UnauthorizedException(reason);
    }
    return true;
  }

  private reasonToRefuse(request: RawBodyRequest<Request>): string | null {
    const headers: Record<string, string> = {};
    for (const name of HEADERS) {
      headers[name] = request.header(name) ?? '';
    }
    if (request.rawBody === undefined) {
      return 'The body is not JSON';
    }
    let reason = 'No secret is configured';
    for (const verifier of this.verifiers) {
      try {
        verifier.verify(request.rawBody, headers, { jsonParse: false });
        return null;
      } catch (error) {
        if (!(error instanceof WebhookVerificationError)) {
          throw error;
        }
        reason = error.message;
      }
    }
    return reason;
  }
}
