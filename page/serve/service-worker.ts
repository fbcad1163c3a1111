// Keeps the page of `foreword page` for use without a network. All of its files are kept, or none: a file that is not
// the one that was written is refused, and the cache's name follows the checksums of all of them, the model's included.
// A new version is used once no page of the old one is open.

/** Written before this script by `foreword page`. */
declare const SITE: {
  readonly checksum: string;
  /** Addresses, relative to this script, and their checksums as in HTML's `integrity`. */
  readonly files: readonly (readonly [path: string, integrity: string])[];
};

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching extends Lasting {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const own = self as unknown as { readonly registration: { readonly scope: string } };
const { scope } = own.registration;
/** Several pages may have the same origin, whose caches they share. */
const PREFIX = `foreword ${scope} `;
const CACHE = PREFIX + SITE.checksum;
const PAGE = new URL("./", scope).href;

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(
    SITE.files.map(([path, integrity]) => new Request(new URL(path, scope), { cache: "no-cache", integrity })),
  );
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const { origin, pathname } = new URL(request.url);
  const asked = origin + pathname === `${PAGE}index.html` ? PAGE : request;
  return (await cache.match(asked, { ignoreSearch: true })) ?? fetch(request);
}

self.addEventListener("install", (event) => (event as Lasting).waitUntil(keep()));
self.addEventListener("activate", (event) => (event as Lasting).waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event as Fetching;
  if (request.method === "GET" && request.url.startsWith(scope)) (event as Fetching).respondWith(answer(request));
});
