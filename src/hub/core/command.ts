/** What the hub is asked, as the core decides it: a verb, its checked parameters, and who asks. */
import type {
  AcknowledgeParams,
  DrainParams,
  HistoryParams,
  PersonaArchiveParams,
  PersonaCreateParams,
  PersonaDestroyParams,
  PersonaListParams,
  PersonaRestoreParams,
  RungParams,
  SignalParams,
  SignalStatusParams,
  StartParams,
  StatusParams,
  WrapParams,
} from "../../domain/verbs.ts";
import type { Bearer, Caller } from "../service.ts";

export type Command =
  | {
      readonly verb: "start";
      readonly caller: Bearer;
      readonly params: StartParams;
      /** True if the session holds a socket from now on. */
      readonly connected: boolean;
    }
  | {
      readonly verb: "signal";
      readonly caller: Caller;
      readonly params: SignalParams;
      /** See `SignalHead.textBytes`. */
      readonly textBytes: number;
    }
  | { readonly verb: "signal_status"; readonly caller: Caller; readonly params: SignalStatusParams }
  | { readonly verb: "signal_trace"; readonly caller: Caller; readonly params: SignalStatusParams }
  | { readonly verb: "drain"; readonly caller: Caller; readonly params: DrainParams }
  | { readonly verb: "history"; readonly caller: Caller; readonly params: HistoryParams }
  | { readonly verb: "status"; readonly caller: Caller; readonly params: StatusParams }
  | { readonly verb: "wrap"; readonly caller: Caller; readonly params: WrapParams }
  | { readonly verb: "acknowledge"; readonly caller: Caller; readonly params: AcknowledgeParams }
  | { readonly verb: "rung"; readonly caller: Caller; readonly params: RungParams }
  | { readonly verb: "persona_create"; readonly caller: Caller; readonly params: PersonaCreateParams }
  | { readonly verb: "persona_archive"; readonly caller: Caller; readonly params: PersonaArchiveParams }
  | { readonly verb: "persona_restore"; readonly caller: Caller; readonly params: PersonaRestoreParams }
  | { readonly verb: "persona_destroy"; readonly caller: Caller; readonly params: PersonaDestroyParams }
  | { readonly verb: "persona_list"; readonly caller: Caller; readonly params: PersonaListParams };
