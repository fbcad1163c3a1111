// Built from page/ by npm run build. Edit there.

// serve/service-worker.ts
var own = self;
var { scope } = own.registration;
var PREFIX = `foreword ${scope} `;
var CACHE = PREFIX + SITE.checksum;
var PAGE = new URL("./", scope).href;
async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(
    SITE.files.map(([path, integrity]) => new Request(new URL(path, scope), { cache: "no-cache", integrity }))
  );
}
async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}
async function answer(request) {
  const cache = await caches.open(CACHE);
  const { origin, pathname } = new URL(request.url);
  const asked = origin + pathname === `${PAGE}index.html` ? PAGE : request;
  return await cache.match(asked, { ignoreSearch: true }) ?? fetch(request);
}
self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(scope)) event.respondWith(answer(request));
});
