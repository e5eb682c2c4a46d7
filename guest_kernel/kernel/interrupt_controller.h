// The interrupt controller's part in starting a CPU.
#pragma once

namespace kernel {

// On each CPU before its interrupts come on; on CPU 0 first, which masks all lines.
void initialise_interrupts(unsigned cpu);

}
