// Taking in a machine. What a search or an order knows comes with the address.
import { useId, useMemo, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { Field, PostForm, Submit } from "$/portal/forms";
import { useIntl } from "$/portal/intl";

function N_(msgid) {
  return msgid;
}

/** Takes a machine in. Its BMC's password goes to the portal by plain HTTP, so that it is in no event and no state. */
export function Intake({ racks, orders }) {
  const intl = useIntl();
  const navigate = useNavigate();
  const { search } = useLocation();
  const known = useMemo(() => new URLSearchParams(search), [search]);
  const rackId = useId();
  const expectedId = useId();
  const kindId = useId();
  const [rack, setRack] = useState("");
  const [kind, setKind] = useState(known.get("kind") === "redfish" ? "redfish" : "ipmi");
  return (
    <PostForm
      key={search}
      action="/inventory/arrivals"
      done={N_("The machine is on record. It is being asked what it is made of.")}
      onAnswer={(answer) => navigate(`/stock/${answer.server_id}`)}
    >
      <Field name="name" label={intl.t("Name")} hint={intl.t("Lower case, as it will be known: stock-101.")} autoFocus />
      <Field name="mac" label={intl.t("MAC address of the first network port")} hint={intl.t("From the label or the delivery note.")} />
      <Field name="bmc_host" label={intl.t("Address of its BMC")} initial={known.get("host") ?? ""} hint={intl.t("A numeric address inside the BMC network.")} />
      <div className="field">
        <label htmlFor={kindId}>{intl.t("It speaks")}</label>
        <select id={kindId} name="driver" className="input" value={kind} onChange={(event) => setKind(event.target.value)}>
          <option value="ipmi">IPMI</option>
          <option value="redfish">Redfish</option>
        </select>
      </div>
      <Field name="bmc_port" label={intl.t("Port")} inputMode="numeric" initial={known.get("port") ?? ""} optional hint={intl.t("Usually {port}.", { port: kind === "redfish" ? 443 : 623 })} />
      <Field name="bmc_user" label={intl.t("BMC user")} hint={intl.t("As it came from the factory. It has to be replaced before release.")} />
      <Field name="bmc_password" type="password" label={intl.t("BMC password")} autoComplete="off" />
      {kind === "redfish" ? (
        <Field name="certificate" label={intl.t("Fingerprint of its certificate")} initial={known.get("fingerprint") ?? ""} optional hint={intl.t("SHA-256, 64 digits. Empty where a CA vouches for it. Compare it with the machine's own before you trust it.")} />
      ) : null}
      <Field name="model" label={intl.t("Model")} optional hint={intl.t("Empty: as its BMC says it.")} />
      <Field
        name="order_ref"
        label={intl.t("Number of the order")}
        initial={known.get("order") ?? (orders?.length === 1 ? orders[0] : "")}
        choices={orders}
        optional
        hint={intl.t("The machine is compared with it, line by line.")}
      />
      <div className="field">
        <label htmlFor={expectedId}>{intl.t("Expected parts")}</label>
        <textarea id={expectedId} name="expected" className="input" rows={5} maxLength={2000} spellCheck={false} />
        <p className="field-hint">{intl.t("Only where they are other than in the order. One line for each kind: 8 dimm 32 GB. Kinds: cpu, dimm, disk, nic, psu, controller.")}</p>
      </div>
      <div className="field">
        <label htmlFor={rackId}>{intl.t("Rack")}</label>
        <select id={rackId} name="rack_id" className="input" value={rack} onChange={(event) => setRack(event.target.value)}>
          <option value="">{intl.t("Not placed yet")}</option>
          {(racks ?? []).map((one) => (
            <option key={one.value} value={String(one.value)}>
              {one.label}
            </option>
          ))}
        </select>
      </div>
      {rack ? <Field name="bottom_u" label={intl.t("Lowest unit")} inputMode="numeric" hint={intl.t("Unit 1 is at the bottom of the rack.")} /> : null}
      {rack ? <Field name="units" label={intl.t("Height in units")} inputMode="numeric" hint="1" /> : null}
      <Submit>{intl.t("Take in")}</Submit>
    </PostForm>
  );
}
