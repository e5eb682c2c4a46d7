// The one way to the host.
#include "arch/ppc64/asm_macros.h"

    .text

// hypercall_raw(number r3, arguments r4, r5, r6) -> r3 = status, r4 = value. The host changes no other register.
FUNCTION hypercall_raw
    sc      1
    blr
END_FUNCTION hypercall_raw
