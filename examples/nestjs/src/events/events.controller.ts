import { Controller, Headers, Query, Sse, type MessageEvent } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { OwnerQueryDto } from '../stems/stems.dto.js';
import { EventsService } from './events.service.js';

@Controller('events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  /** A browser's EventSource sends `Last-Event-ID` by itself when it connects again. */
  @Sse()
  follow(
    @Query() { userId }: OwnerQueryDto,
    @Headers('last-event-id') lastEventId?: string,
  ): Observable<MessageEvent> {
    return this.events.follow(userId, lastEventId);
  }
}
