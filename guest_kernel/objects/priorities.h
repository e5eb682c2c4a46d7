// Priorities of the object system's own threads (0 low, 31 high).
#pragma once

namespace objects {

// Above what loads the system: a swap blocks callers, and whoever is in its way is boosted to this.
inline constexpr unsigned swap_priority = 24;
// What carries an update has little to do between its waits.
inline constexpr unsigned transition_priority = 12;
// Converting every instance takes long, and takes its turn with what loads the system.
inline constexpr unsigned converter_priority = 10;
// Who watches that a step does not take too long must not starve behind it.
inline constexpr unsigned watch_priority = swap_priority + 1;
// Clean-up hurries nobody, but what loads the system must not keep it from happening.
inline constexpr unsigned reaper_priority = 12;
// What is to run in idle time only.
inline constexpr unsigned idle_priority = 0;

}
