import {
  BadRequestException,
  createParamDecorator,
  ValidationPipe,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import type { Request } from 'express';

// The contract nests objects four deep; class-transformer goes down without a limit.
const DEEPEST = 16;

const RawPayload = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => context.switchToHttp().getRequest<Request>().body,
);

/**
 * A webhook's body as its DTO.
 * Fields that the DTO does not know are dropped, since WaveFlow carries yours through.
 * It is no `@Body()`, so that the application's global pipes leave it alone.
 */
export const Payload = (dto: Type<object>): ParameterDecorator => RawPayload(new PayloadPipe(dto));

class PayloadPipe implements PipeTransform {
  private readonly names: ReadonlySet<string>;
  private readonly validation: ValidationPipe;

  constructor(private readonly dto: Type<object>) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
    this.names = new Set(rules.map(({ propertyName }) => propertyName));
    this.validation = new ValidationPipe({ transform: true, validateCustomDecorators: true });
  }

  transform(body: unknown): Promise<unknown> {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new BadRequestException('The body is not a JSON object');
    }
    const known = Object.fromEntries(Object.entries(body).filter(([name]) => this.names.has(name)));
    if (isDeeper(known, DEEPEST)) {
      throw new BadRequestException(`The body is nested deeper than ${DEEPEST} levels`);
    }
    return this.validation.transform(known, { type: 'custom', metatype: this.dto });
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
