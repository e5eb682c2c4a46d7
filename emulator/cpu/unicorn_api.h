/* The functions of the Unicorn library that the engine calls, resolved at run time: the library comes from a
 * Python wheel, whose place is not known when the engine is linked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

struct unicorn_api {
    uc_err (*open)(uc_arch arch, uc_mode mode, uc_engine **uc);
    uc_err (*close)(uc_engine *uc);
    uc_err (*ctl)(uc_engine *uc, uc_control_type control, ...);
    const char *(*strerror)(uc_err code);
    uc_err (*reg_write)(uc_engine *uc, int id, const void *value);
    uc_err (*reg_read)(uc_engine *uc, int id, void *value);
    uc_err (*emu_start)(uc_engine *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count);
    uc_err (*emu_stop)(uc_engine *uc);
    uc_err (*hook_add)(uc_engine *uc, uc_hook *hook, int type, void *callback, void *user, uint64_t begin,
                       uint64_t end, ...);
    uc_err (*mem_map_ptr)(uc_engine *uc, uint64_t address, uint64_t size, uint32_t permissions, void *host);
    uc_err (*mem_protect)(uc_engine *uc, uint64_t address, uint64_t size, uint32_t permissions);
    uc_err (*mmio_map)(uc_engine *uc, uint64_t address, uint64_t size, uc_cb_mmio_read_t read, void *read_user,
                       uc_cb_mmio_write_t write, void *write_user);
    uc_err (*context_alloc)(uc_engine *uc, uc_context **context);
    uc_err (*context_save)(uc_engine *uc, uc_context *context);
    uc_err (*context_restore)(uc_engine *uc, uc_context *context);
    uc_err (*context_free)(uc_context *context);
    size_t (*context_size)(uc_engine *uc);
};

extern struct unicorn_api unicorn;

/* Fills `unicorn` from the library at `path`. Returns the name of what is missing, or NULL. */
const char *unicorn_bind(const char *path);

/* A PPC64 engine in which `until` of emu_start is ignored (its probe of the address before it would fault). */
uc_err unicorn_open_ppc64(uc_engine **uc);

void unicorn_flush_tlb(uc_engine *uc);
/* Drops every translated block. Never call it from inside one: block and MMIO hooks. */
void unicorn_flush_code(uc_engine *uc);
