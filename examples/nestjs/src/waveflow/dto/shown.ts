import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Expose, plainToInstance, Transform, type ClassConstructor } from 'class-transformer';

/** A field of an answer, which stands in the OpenAPI document; `shownAs` leaves all others out. */
export const Shown = (options: ApiPropertyOptions = {}): PropertyDecorator =>
  applyDecorators(
    Expose(),
    Transform(({ obj, key }) => obj[key]),
    ApiProperty(options),
  );

/** A row as its DTO: a column that the DTO does not name never leaves the server. */
export function shownAs<T extends object>(dto: ClassConstructor<T>, row: object): T {
  return plainToInstance(dto, row, { excludeExtraneousValues: true });
}
