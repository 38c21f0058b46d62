// Buffer objects of /dev/dri/card0 by the interface of "dumb" buffers; the structures are those of drm_mode.h.
#include "lab.h"

struct create_dumb {
    uint32_t height, width, bpp, flags, handle, pitch;
    uint64_t size;
};
struct map_dumb {
    uint32_t handle, pad;
    uint64_t offset;
};
struct destroy_dumb {
    uint32_t handle;
};
#define CREATE_DUMB _IOWR('d', 0xb2, struct create_dumb)
#define MAP_DUMB _IOWR('d', 0xb3, struct map_dumb)
#define DESTROY_DUMB _IOWR('d', 0xb4, struct destroy_dumb)

struct buffer make_buffer(size_t bytes) {
    struct buffer made = {.card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC)};
    if (made.card < 0) lacking("/dev/dri/card0");
    struct create_dumb create = {.width = PAGE / 4, .height = bytes / PAGE, .bpp = 32};
    if (ioctl(made.card, CREATE_DUMB, &create)) fail("create a buffer object");
    struct map_dumb where = {.handle = create.handle};
    if (ioctl(made.card, MAP_DUMB, &where)) fail("find a buffer object's offset");
    made.handle = create.handle;
    made.bytes = create.size;
    made.at = map(made.card, made.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, where.offset);
    return made;
}

void drop_buffer(struct buffer *buffer) {
    struct destroy_dumb destroy = {.handle = buffer->handle};
    munmap(buffer->at, buffer->bytes);
    ioctl(buffer->card, DESTROY_DUMB, &destroy);
    close(buffer->card);
}
