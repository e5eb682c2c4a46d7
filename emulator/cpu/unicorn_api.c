#include "unicorn_api.h"

#include <dlfcn.h>

struct unicorn_api unicorn;

const char *unicorn_bind(const char *path)
{
    const struct {
        const char *name;
        void *slot;
    } wanted[] = {
        {"uc_open", &unicorn.open},
        {"uc_close", &unicorn.close},
        {"uc_ctl", &unicorn.ctl},
        {"uc_strerror", &unicorn.strerror},
        {"uc_reg_write", &unicorn.reg_write},
        {"uc_reg_read", &unicorn.reg_read},
        {"uc_emu_start", &unicorn.emu_start},
        {"uc_emu_stop", &unicorn.emu_stop},
        {"uc_hook_add", &unicorn.hook_add},
        {"uc_mem_map_ptr", &unicorn.mem_map_ptr},
        {"uc_mem_protect", &unicorn.mem_protect},
        {"uc_mmio_map", &unicorn.mmio_map},
        {"uc_context_alloc", &unicorn.context_alloc},
        {"uc_context_save", &unicorn.context_save},
        {"uc_context_restore", &unicorn.context_restore},
        {"uc_context_free", &unicorn.context_free},
        {"uc_context_size", &unicorn.context_size},
    };
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return path;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(library, wanted[i].name);
        if (!function)
            return wanted[i].name;
        *(void **)wanted[i].slot = function;
    }
    return NULL;
}

uc_err unicorn_open_ppc64(uc_engine **uc)
{
    uc_err error = unicorn.open(UC_ARCH_PPC, UC_MODE_PPC64 | UC_MODE_BIG_ENDIAN, uc);
    if (error)
        return error;
    return unicorn.ctl(*uc, UC_CTL_WRITE(UC_CTL_UC_USE_EXITS, 1), 1);
}

void unicorn_flush_tlb(uc_engine *uc)
{
    unicorn.ctl(uc, UC_CTL_WRITE(UC_CTL_TLB_FLUSH, 0));
}

void unicorn_flush_code(uc_engine *uc)
{
    unicorn.ctl(uc, UC_CTL_WRITE(UC_CTL_TB_FLUSH, 0));
}
