-- Before Quarto's own filters: headings name the part of the question that they answer; solutions
-- and collapsed callouts become <details>, which open by keyboard and without a script, where
-- Quarto's need a mouse, and on paper solutions stand last; works that a chapter cites stand in a
-- section of its page; chapters that `qmdbook: notebooks` names get a link to their notebook, which
-- the post-render step writes.

local function header(el)
  if not el.attributes.part then return nil end
  el.content:insert(" (part " .. el.attributes.part .. ")")
  el.attributes.part = nil
  return el
end

-- On paper solutions stand at their chapter's end, each with a link to its exercise.
local exercise = "" -- the last one's label
local function note_exercise(theorem) exercise = theorem.identifier end

local function name_exercise(proof)
  if proof.type ~= "Solution" then return nil end
  proof.name = { pandoc.Cite({ pandoc.Str("@" .. exercise) }, { pandoc.Citation(exercise, "AuthorInText") }) }
  return proof
end

local function solutions_last(doc)
  local kept, solutions = pandoc.Blocks({}), pandoc.Blocks({})
  local function end_chapter()
    if #solutions == 0 then return end
    kept:insert(pandoc.Header(2, "Solutions", pandoc.Attr("", { "unnumbered", "unlisted" })))
    kept:extend(solutions)
    solutions = pandoc.Blocks({})
  end
  for _, block in ipairs(doc.blocks) do
    if block.t == "Header" and block.level == 1 then end_chapter() end
    local is_solution = block.t == "Div" and block.attributes.__quarto_custom_type == "Proof"
    if is_solution then solutions:insert(pandoc.RawBlock("typst", "#v(0.6em)")) end
    local place = is_solution and solutions or kept
    place:insert(block)
  end
  end_chapter()
  doc.blocks = kept
  return doc
end

if quarto.doc.is_format("typst") or quarto.doc.is_format("latex") then
  return { Header = header, Theorem = note_exercise, Proof = name_exercise, Pandoc = solutions_last }
elseif not quarto.doc.is_format("html") then
  return { Header = header }
end

local stringify = pandoc.utils.stringify
local function html(text) return pandoc.RawBlock("html", text) end

local function chapter()
  return pandoc.path.filename(quarto.doc.input_file):gsub("%.%w+$", "")
end

local function offers_notebook(doc)
  local own = doc.meta.qmdbook
  for _, name in ipairs(own and own.notebooks or {}) do
    if stringify(name) == chapter() .. ".qmd" then return true end
  end
  return false
end

local function cites_works(doc)
  local found = false
  doc:walk({ Cite = function(el)
    for _, citation in ipairs(el.citations) do
      found = found or not citation.id:match("^%l+%-") -- fig-, eq- and so on lead into the book
    end
  end })
  return found
end

local function folded(kind, title, content)
  local blocks = pandoc.Blocks({
    html('<details class="callout callout-style-default callout-' .. kind .. '"><summary>'),
    pandoc.Plain(title),
    html('</summary><div class="callout-body">'),
  })
  blocks:extend(content)
  blocks:insert(html("</div></details>"))
  return blocks
end

return {
  Header = header,
  Callout = function(callout)
    if tostring(callout.collapse) ~= "true" then return nil end
    local title = pandoc.utils.blocks_to_inlines(quarto.utils.as_blocks(callout.title))
    return folded(callout.type, title, quarto.utils.as_blocks(callout.content))
  end,
  Proof = function(proof)
    if proof.type ~= "Solution" then return nil end
    return folded("tip", "Solution", quarto.utils.as_blocks(proof.div.content))
  end,
  Pandoc = function(doc)
    -- The home page has the book's title above it already.
    local first, title = doc.blocks[1], doc.meta.title
    if first and first.t == "Header" and title and stringify(first) == stringify(title) then
      doc.blocks:remove(1)
    end
    if cites_works(doc) then
      doc.blocks:insert(pandoc.Header(2, "References", pandoc.Attr("references", { "unnumbered" })))
      doc.blocks:insert(pandoc.Div({}, pandoc.Attr("refs")))
    end
    if offers_notebook(doc) then
      -- noresolveinput: the notebook is not there yet when Quarto looks for what links lead to
      local target = "notebooks/" .. chapter() .. ".ipynb"
      local link = pandoc.Link("This chapter as a notebook", target, "", { noresolveinput = "", download = "" })
      doc.blocks:insert(1, pandoc.Div(pandoc.Plain({ link }), { class = "downloads" }))
    end
    return doc
  end,
}
