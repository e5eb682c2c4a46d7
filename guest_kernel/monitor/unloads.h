// Modules of updates that were taken back or have failed go when nothing keeps them any more.
#pragma once

namespace monitor {

// Something that kept them may be gone: a thread of its own, since it runs the modules' code, looks which can be unloaded.
// For threads that are not counted. Without memory for the thread they stay until there is another occasion.
void begin_unloads();

}
