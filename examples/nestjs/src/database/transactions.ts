import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';

type Work<T> = (manager: EntityManager) => Promise<T>;

/**
 * Runs one transaction after the other.
 * sql.js has a single connection, so two open transactions would be one.
 * With a database of many connections the unique indexes decide between
 * processes; the loser's work is run again and then sees the winner's rows.
 */
@Injectable()
export class Transactions {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly dataSource: DataSource) {}

  run<T>(work: Work<T>): Promise<T> {
    const result = this.last.then(() => this.attempt(work));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async attempt<T>(work: Work<T>): Promise<T> {
    try {
      return await this.dataSource.transaction(work);
    } catch (error) {
      if (!(error instanceof QueryFailedError)) {
        throw error;
      }
      return this.dataSource.transaction(work);
    }
  }
}
