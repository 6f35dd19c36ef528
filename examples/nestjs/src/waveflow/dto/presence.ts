import { ValidateIf } from 'class-validator';

/** Must be there, and may be null. */
export const NullAllowed = (): PropertyDecorator => ValidateIf((_, value) => value !== null);

/** May be missing, and may not be null. */
export const MayBeMissing = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
