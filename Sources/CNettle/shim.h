#include <nettle/sha2.h>
#include <nettle/version.h>

/* nettle 4 has no length here: it always writes the whole digest. */
static inline void pageledger_sha256_digest(struct sha256_ctx *context, uint8_t *digest) {
#if NETTLE_VERSION_MAJOR >= 4
  sha256_digest(context, digest);
#else
  sha256_digest(context, SHA256_DIGEST_SIZE, digest);
#endif
}
