import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';

type Work<T> = (manager: EntityManager) => Promise<T>;

const ATTEMPTS = 3;

/**
 * Runs transactions, as many at once as the database can.
 * A row that is changed is locked when it is read (`forUpdate`); where rows do not exist
 * yet, the unique indexes decide, and the loser's work is run again and sees the winner's.
 */
@Injectable()
export class Transactions {
  /** Says that rows may have changed. */
  readonly committed = new Subject<void>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly dataSource: DataSource) {}

  async run<T>(work: Work<T>): Promise<T> {
    const result = await this.inTurn(() => this.attempt(work));
    this.committed.next();
    return result;
  }

  /** Look by repositories, without a transaction. */
  read<T>(look: () => Promise<T>): Promise<T> {
    return this.inTurn(look);
  }

  /** sql.js has a single connection, so two open transactions would be one. */
  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (!hasOneConnection(this.dataSource)) {
      return task();
    }
    const result = this.last.then(task);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async attempt<T>(work: Work<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (attempt === ATTEMPTS || !isUniqueViolation(error)) {
          throw error;
        }
      }
    }
  }
}

/** Options of `findOne` that keep every other transaction from the row until this one ends. */
export function forUpdate(manager: EntityManager): { lock?: { mode: 'pessimistic_write' } } {
  return hasOneConnection(manager.dataSource) ? {} : { lock: { mode: 'pessimistic_write' } };
}

function hasOneConnection(dataSource: DataSource): boolean {
  return dataSource.options.type === 'sqljs';
}

/** PostgreSQL says it by a code, SQLite by a sentence. */
function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) {
    return false;
  }
  const { code } = error.driverError as { code?: unknown };
  return code === '23505' || error.message.includes('UNIQUE constraint failed');
}
