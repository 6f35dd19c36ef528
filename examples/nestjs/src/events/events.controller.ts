import { Controller, Headers, Query, Sse, type MessageEvent } from '@nestjs/common';
import { ApiBadRequestResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Observable } from 'rxjs';
import { ErrorDto } from '../error.dto.js';
import { OwnerQueryDto } from '../stems/stems.dto.js';
import { EventsService } from './events.service.js';

@ApiTags('events')
@Controller('events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  /** A browser's EventSource sends `Last-Event-ID` by itself when it connects again. */
  @Sse()
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'A browser sends it when it connects again.' })
  @ApiOkResponse({
    description: 'The events ready, stem and mix; the data of the latter two is a StemDto and a MixDto.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiBadRequestResponse({ type: ErrorDto })
  follow(
    @Query() { userId }: OwnerQueryDto,
    @Headers('last-event-id') lastEventId?: string,
  ): Observable<MessageEvent> {
    return this.events.follow(userId, lastEventId);
  }
}
