// Taking an update back: while it is being applied, and once it is active.
#pragma once

#include "objects/update_record.h"

namespace objects {

// Ends an update that is being applied, if nothing has decided about it yet: what it has changed is taken back, and it
// ends as Aborted. Returns when that is decided, not when it is done. REFUSED.
Status cancel(Update& update, Code reason);

// The module's initialisation has ended: the update is Active, or what it has changed is taken back and it is Aborted, or
// Stuck when that fails. What the load ends with: not OK also for an update that was cancelled. For threads that are not
// counted.
Status conclude(Update& update, Status initialised);

// Whether an active update may be taken back, and if so it is Reverting from now on. REFUSED: it is not active, cannot be
// undone, a newer update changes the same, or the code of the version before is not there any more.
Status begin_revert(Update& update);
// It cannot even start: Active again.
void give_up_revert(Update& update);
// Does it: Reverted, or Stuck; Active again when nothing could be changed. For threads that are not counted.
void revert(Update& update);

}
