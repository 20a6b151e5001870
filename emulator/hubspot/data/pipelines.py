"""Pipelines and their stages: deal stages with a probability, and the lifecycle stages (HubSpot: pipelines API)."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from emulator.hubspot.data.stock import DEAL_STAGES, LIFECYCLE
from emulator.hubspot.errors import HubSpotError, not_found, validation

MAX_STAGES = 100


class Pipelines:
    """The pipelines of one object type, as the JSON that the API answers."""

    def __init__(self, object_name: str) -> None:
        self.object_name = object_name
        self.by_id: dict[str, dict[str, Any]] = {}
        self.audits: list[dict[str, Any]] = []
        self._next = 41_000_001

    @property
    def of_deals(self) -> bool:
        return self.object_name == "deals"

    def new_id(self) -> str:
        taken = {stage["id"] for _, stage in self.all_stages()} | set(self.by_id)
        while str(self._next) in taken:
            self._next += 1
        return str(self._next)

    def fill(self, at: str) -> None:
        """The pipeline that every portal starts with."""
        if self.of_deals:
            stages = [
                {"id": id, "label": label, "displayOrder": order, "metadata": {"probability": probability}}
                for order, (id, label, probability) in enumerate(DEAL_STAGES)
            ]
            self._add({"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "stages": stages}, at)
        else:
            lifecycle = [
                {"id": id, "label": label, "displayOrder": order, "metadata": {"isClosed": "false"}}
                for order, (id, label) in enumerate(LIFECYCLE)
            ]
            name = f"{self.object_name}-lifecycle-pipeline"
            self._add(
                {"id": name, "label": "Lifecycle Stage Pipeline", "displayOrder": 0, "stages": lifecycle}, at
            )

    def listed(self) -> list[dict[str, Any]]:
        return sorted(self.by_id.values(), key=lambda pipeline: (pipeline["displayOrder"], pipeline["id"]))

    def get(self, pipeline_id: str) -> dict[str, Any]:
        if pipeline_id not in self.by_id:
            raise HubSpotError(404, {"message": f"No pipeline found with id {pipeline_id}"})
        return self.by_id[pipeline_id]

    def stage(self, pipeline_id: str, stage_id: str) -> dict[str, Any]:
        for stage in self.get(pipeline_id)["stages"]:
            if stage["id"] == stage_id:
                found: dict[str, Any] = stage
                return found
        raise not_found(f"No stage found with id {stage_id} in pipeline {pipeline_id}")

    def stages(self, pipeline_id: str) -> list[dict[str, Any]]:
        """The stages of a pipeline in their order; none when there is no such pipeline."""
        pipeline = self.by_id.get(pipeline_id)
        return sorted(pipeline["stages"], key=lambda stage: int(stage["displayOrder"])) if pipeline else []

    def all_stages(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every stage with its pipeline's id, pipelines and stages in their order."""
        for pipeline in self.listed():
            for stage in self.stages(pipeline["id"]):
                yield pipeline["id"], stage

    def find_stage(self, stage_id: str) -> dict[str, Any] | None:
        """A stage by id alone: stage ids are unique within an object type."""
        return next((stage for _, stage in self.all_stages() if stage["id"] == stage_id), None)

    def create(self, spec: Mapping[str, Any], at: str) -> dict[str, Any]:
        """A new pipeline with its stages; 400 on a label that another one has."""
        self._check_label(spec, self.by_id.values(), "PIPELINE_LABEL_EXISTS")
        return self._add(dict(spec), at)

    def _add(self, spec: dict[str, Any], at: str) -> dict[str, Any]:
        pipeline: dict[str, Any] = {
            "id": spec.get("id") or self.new_id(),
            "label": spec["label"],
            "displayOrder": spec.get("displayOrder") or 0,
            "stages": [],
            "createdAt": at,
            "updatedAt": at,
            "archived": False,
        }
        self.by_id[pipeline["id"]] = pipeline
        try:
            for stage in spec.get("stages") or ():
                self.add_stage(pipeline["id"], stage, at)
        except HubSpotError:
            del self.by_id[pipeline["id"]]
            raise
        return pipeline

    def change(self, pipeline_id: str, spec: Mapping[str, Any], at: str) -> dict[str, Any]:
        """PATCH of label and order."""
        pipeline = self.get(pipeline_id)
        if spec.get("label") is not None:
            others = [other for other in self.by_id.values() if other is not pipeline]
            self._check_label(spec, others, "PIPELINE_LABEL_EXISTS")
        pipeline.update(
            {key: spec[key] for key in ("label", "displayOrder") if spec.get(key) is not None}, updatedAt=at
        )
        return pipeline

    def replace(
        self, pipeline_id: str, spec: Mapping[str, Any], at: str, *, used: Callable[[str], list[str]] | None
    ) -> dict[str, Any]:
        """PUT: every stage that the body leaves out is gone for good. `used` refuses that for stages with records."""
        pipeline = self.get(pipeline_id)
        kept = {str(stage.get("stageId") or stage.get("id")) for stage in spec.get("stages") or ()}
        leaving = [stage["id"] for stage in pipeline["stages"] if stage["id"] not in kept]
        if used:
            self._refuse_used(leaving, used)
        before = pipeline["stages"]
        old = {stage["id"]: stage for stage in before}
        pipeline["stages"] = []
        try:
            for stage in spec.get("stages") or ():
                stage_id = str(stage.get("stageId") or stage.get("id") or self.new_id())
                made = self.add_stage(pipeline_id, {**stage, "id": stage_id}, at)
                made["createdAt"] = old.get(stage_id, made)["createdAt"]
        except HubSpotError:
            pipeline["stages"] = before
            raise
        return self.change(pipeline_id, spec, at)

    def delete(self, pipeline_id: str, *, used: Callable[[str], list[str]] | None) -> None:
        pipeline = self.get(pipeline_id)
        if used:
            self._refuse_used([stage["id"] for stage in pipeline["stages"]], used)
        if len(self.by_id) == 1:
            raise validation("The last pipeline cannot be deleted.")
        del self.by_id[pipeline_id]

    def add_stage(self, pipeline_id: str, spec: Mapping[str, Any], at: str) -> dict[str, Any]:
        """A new stage; its label is unique in the pipeline, ignoring case and spaces."""
        pipeline = self.get(pipeline_id)
        self._check_label(spec, pipeline["stages"], "STAGE_LABEL_EXISTS")
        if self.of_deals and len(pipeline["stages"]) >= MAX_STAGES:
            raise validation(f"A pipeline has at most {MAX_STAGES} stages.")
        order = spec.get("displayOrder")
        stage = {
            "id": str(spec.get("id") or self.new_id()),
            "label": spec["label"],
            "displayOrder": len(pipeline["stages"]) if order is None else order,
            "metadata": self._metadata(spec.get("metadata") or {}),
            "createdAt": at,
            "updatedAt": at,
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }
        pipeline["stages"].append(stage)
        return stage

    def change_stage(
        self, pipeline_id: str, stage_id: str, spec: Mapping[str, Any], at: str
    ) -> dict[str, Any]:
        stage = self.stage(pipeline_id, stage_id)
        if spec.get("label") is not None:
            others = [other for other in self.get(pipeline_id)["stages"] if other is not stage]
            self._check_label(spec, others, "STAGE_LABEL_EXISTS")
        if spec.get("metadata") is not None:
            stage["metadata"] = self._metadata({**stage["metadata"], **spec["metadata"]})
        stage.update(
            {key: spec[key] for key in ("label", "displayOrder") if spec.get(key) is not None}, updatedAt=at
        )
        return stage

    def delete_stage(
        self, pipeline_id: str, stage_id: str, *, used: Callable[[str], list[str]] | None
    ) -> None:
        """No error for a stage that is not there: the service answers 204 for anything."""
        pipeline = self.by_id.get(pipeline_id)
        if pipeline is None:
            return
        if used:
            self._refuse_used([stage_id], used)
        pipeline["stages"] = [stage for stage in pipeline["stages"] if stage["id"] != stage_id]

    def _metadata(self, metadata: Mapping[str, Any]) -> dict[str, str]:
        """`isClosed` follows from the probability, whatever was sent."""
        if not self.of_deals:
            return {key: str(value) for key, value in metadata.items()} or {"isClosed": "false"}
        try:
            probability = Decimal(str(metadata.get("probability")))
        except InvalidOperation as error:
            raise _missing_probability() from error
        if not 0 <= probability <= 1:
            raise _missing_probability()
        return {
            "isClosed": "true" if probability in (0, 1) else "false",
            "probability": f"{float(probability):.3g}"
            if probability not in (0, 1)
            else f"{float(probability)}",
        }

    @staticmethod
    def _check_label(spec: Mapping[str, Any], others: Any, sub_category: str) -> None:
        label = str(spec.get("label") or "")
        if not label:
            raise validation("Invalid input: label is required")
        if _flat(label) in {_flat(other["label"]) for other in others}:
            raise validation(
                f"The label {label} is already in use.",
                sub_category=f"PipelineError.{sub_category}",
                context={"labels": [label]},
            )

    @staticmethod
    def _refuse_used(stage_ids: list[str], used: Callable[[str], list[str]]) -> None:
        holders = {stage_id: used(stage_id) for stage_id in stage_ids}
        taken = [stage_id for stage_id, ids in holders.items() if ids]
        if taken:
            raise validation(
                f"Stages are in use and cannot be deleted: {', '.join(taken)}",
                sub_category="PipelineError.STAGE_ID_IN_USE",
                context={
                    "stageIds": taken,
                    "objectIds": [id for stage_id in taken for id in holders[stage_id]],
                },
            )


def _missing_probability() -> HubSpotError:
    return validation(
        "Deal stages need a metadata.probability between 0.0 and 1.0",
        sub_category="PipelineError.INVALID_STAGE_METADATA",
    )


def _flat(label: str) -> str:
    return "".join(label.split()).lower()
