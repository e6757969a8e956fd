/** Where the threads' entry lies: beside `core/`, in the repository and in the package alike. */
export const WORKER_ENTRY = new URL('../../workers/bootstrap.mjs', import.meta.url);
