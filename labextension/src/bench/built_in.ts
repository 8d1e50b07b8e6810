/** What the package itself offers, known without a kernel; the kernel's answer replaces it. */
import catalogue from '../catalogue.json';
import type { Catalogue } from '../model/types';

export const BUILT_IN = catalogue as unknown as Catalogue;
