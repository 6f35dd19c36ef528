import { ApiProperty } from '@nestjs/swagger';

/** An answer of 4xx or 503, as Nest writes it. */
export class ErrorDto {
  @ApiProperty({ example: 409 })
  statusCode!: number;

  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    description: 'One sentence, or one for each wrong field.',
  })
  message!: string | string[];

  @ApiProperty({ example: 'Conflict' })
  error!: string;
}
